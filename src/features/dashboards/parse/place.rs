//! Places on the grid: clamped, overlaps pushed down, missing ones found.
//!
//! The order in which the console searches is nowhere written down; the rules here are ours: what has a
//! place comes first, in the order of the body, and keeps it unless an earlier widget is there; then it
//! moves down until it is free. What has none takes the first free place, row by row, left to right.

use super::read::Props;
use crate::features::dashboards::model::{COLUMNS, Place};

/// Columns and rows of a widget that does not say (source: the dashboard body reference).
const DEFAULT_SIZE: u16 = 6;
/// Rows of a widget at most (same source).
const MAX_HEIGHT: u16 = 1_000;
/// The lowest row that a body can ask for. AWS names no bound; without one a place would cost memory.
const MAX_Y: u32 = 100_000;

/// Where a widget wants to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Column and row, when it says both.
    pub at: Option<(u16, u32)>,
    /// Columns, 1 to 24.
    pub width: u16,
    /// Rows, 1 to 1000.
    pub height: u16,
}

/// Reads a widget's place.
pub fn wanted(props: &mut Props) -> Wanted {
    let size = |asked: Option<i64>, max: u16| {
        asked.map_or(DEFAULT_SIZE, |size| size.clamp(1, i64::from(max)) as u16)
    };
    let (x, y) = (props.whole::<i64>("x"), props.whole::<i64>("y"));
    let width = size(props.whole("width"), COLUMNS);
    let height = size(props.whole("height"), MAX_HEIGHT);
    let at = x.zip(y).map(|(x, y)| {
        let x = x.clamp(0, i64::from(COLUMNS - width)) as u16;
        (x, y.clamp(0, i64::from(MAX_Y)) as u32)
    });
    Wanted { at, width, height }
}

/// Gives every widget a place of its own.
pub fn settle(wanted: &[Wanted]) -> Vec<Place> {
    let mut places: Vec<Option<Place>> = vec![None; wanted.len()];
    let mut taken = Taken::default();
    for (place, wanted) in places.iter_mut().zip(wanted) {
        if let Some((x, y)) = wanted.at {
            *place = Some(taken.push_down(Place { x, y, width: wanted.width, height: wanted.height }));
        }
    }
    let mut settled = Vec::with_capacity(wanted.len());
    for (place, wanted) in places.into_iter().zip(wanted) {
        settled.push(place.unwrap_or_else(|| taken.first_free(wanted.width, wanted.height)));
    }
    settled
}

/// What stands on the grid already, by row.
#[derive(Default)]
struct Taken {
    places: Vec<Place>,
}

impl Taken {
    fn add(&mut self, place: Place) -> Place {
        let at = self.places.partition_point(|other| other.y <= place.y);
        self.places.insert(at, place);
        place
    }

    /// Moves a widget down until nothing is in its way.
    fn push_down(&mut self, mut place: Place) -> Place {
        let own = columns(place);
        // In order of rows, so that what was passed cannot come into the way again.
        for other in self.places.iter().filter(|other| columns(**other) & own != 0) {
            let meets = other.y < bottom(place) && place.y < bottom(*other);
            if meets {
                place.y = bottom(*other);
            }
        }
        self.add(place)
    }

    fn first_free(&mut self, width: u16, height: u16) -> Place {
        // A block can start only at the top or right below another one.
        let mut rows: Vec<u32> = self.places.iter().map(|place| bottom(*place)).collect();
        rows.push(0);
        rows.sort_unstable();
        rows.dedup();
        for y in rows {
            let block = Place { x: 0, y, width, height };
            let before = self.places.partition_point(|other| other.y < bottom(block));
            let in_the_way = self.places.iter().take(before).filter(|other| bottom(**other) > y);
            let used = in_the_way.fold(0, |used, other| used | columns(*other));
            for x in 0..=COLUMNS - width {
                let place = Place { x, ..block };
                if columns(place) & used == 0 {
                    return self.add(place);
                }
            }
        }
        // Below everything there is always room: its bottom was among the rows.
        let y = self.places.iter().map(|place| bottom(*place)).max().unwrap_or_default();
        self.add(Place { x: 0, y, width, height })
    }
}

fn bottom(place: Place) -> u32 {
    place.y + u32::from(place.height)
}

/// The columns of a place as bits.
fn columns(place: Place) -> u32 {
    ((1 << place.width) - 1) << place.x
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(x: u16, y: u32, width: u16, height: u16) -> Wanted {
        Wanted { at: Some((x, y)), width, height }
    }

    fn anywhere(width: u16, height: u16) -> Wanted {
        Wanted { at: None, width, height }
    }

    fn corners(wanted: &[Wanted]) -> Vec<(u16, u32)> {
        settle(wanted).iter().map(|place| (place.x, place.y)).collect()
    }

    #[test]
    fn all_missing_flow_left_to_right() {
        assert_eq!(corners(&[anywhere(6, 6); 6]), [(0, 0), (6, 0), (12, 0), (18, 0), (0, 6), (6, 6)]);
        // A small one fills the hole that a wide one left.
        let mixed = [anywhere(12, 6), anywhere(24, 2), anywhere(12, 3), anywhere(12, 3)];
        assert_eq!(corners(&mixed), [(0, 0), (0, 6), (12, 0), (12, 3)]);
    }

    #[test]
    fn missing_ones_go_around_placed_ones() {
        let wanted = [anywhere(12, 6), at(0, 0, 12, 6), anywhere(12, 6)];
        assert_eq!(corners(&wanted), [(12, 0), (0, 0), (0, 6)]);
    }

    #[test]
    fn overlapping_ones_move_down_in_the_order_of_the_body() {
        assert_eq!(corners(&[at(0, 0, 6, 6); 3]), [(0, 0), (0, 6), (0, 12)]);
        // Unsorted: the one further down was first and stays.
        assert_eq!(corners(&[at(0, 3, 6, 6), at(0, 0, 6, 6)]), [(0, 3), (0, 9)]);
        assert_eq!(corners(&[at(0, 6, 6, 6), at(6, 0, 6, 6), at(0, 0, 12, 6)]), [(0, 6), (6, 0), (0, 12)]);
    }

    fn any() -> impl Strategy<Value = Wanted> {
        (prop::option::weighted(0.6, (0..COLUMNS, 0..40_u32)), 1..=COLUMNS, 1..12_u16).prop_map(
            |(at, width, height)| Wanted { at: at.map(|(x, y)| (x.min(COLUMNS - width), y)), width, height },
        )
    }

    proptest! {
        #[test]
        fn nobody_shares_a_cell(wanted in prop::collection::vec(any(), 0..60)) {
            let places = settle(&wanted);
            prop_assert_eq!(places.len(), wanted.len());
            for (index, a) in places.iter().enumerate() {
                prop_assert!(a.x + a.width <= COLUMNS);
                for b in places.iter().skip(index + 1) {
                    let apart = columns(*a) & columns(*b) == 0 || a.y >= bottom(*b) || b.y >= bottom(*a);
                    prop_assert!(apart, "{a:?} {b:?}");
                }
            }
        }
    }
}
