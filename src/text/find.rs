//! Looking for what somebody typed in many short texts, whatever the case of its letters. Pure.
//!
//! Filters look through fifty thousand events or ten thousand findings at every letter that is typed, so
//! nothing is copied where what is looked for is ASCII. Log lines have a search of their own.

/// What is looked for.
#[derive(Debug, Clone)]
pub struct Needle {
    /// In small letters.
    lower: String,
    /// The first byte in both cases, where all of it is ASCII.
    first: Option<(u8, u8)>,
}

impl Needle {
    /// Looks for this text.
    pub fn new(text: &str) -> Self {
        let lower = text.to_lowercase();
        let first = lower.as_bytes().first().filter(|_| lower.is_ascii());
        let first = first.map(|byte| (*byte, byte.to_ascii_uppercase()));
        Self { lower, first }
    }

    /// Nothing is looked for: every text has it.
    pub fn is_empty(&self) -> bool {
        self.lower.is_empty()
    }

    /// Whether a text has it.
    pub fn is_in(&self, text: &str) -> bool {
        let Some((small, capital)) = self.first else {
            return self.is_empty() || text.to_lowercase().contains(&self.lower);
        };
        let (text, needle) = (text.as_bytes(), self.lower.as_bytes());
        // Nothing can begin where the rest has no room.
        let Some(starts) = text.len().checked_sub(needle.len()).and_then(|last| text.get(..=last)) else {
            return false;
        };
        memchr::memchr2_iter(small, capital, starts)
            .any(|at| text.get(at..at + needle.len()).is_some_and(|part| part.eq_ignore_ascii_case(needle)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_case_is_found_and_nothing_else() {
        for (needle, text, found) in [
            ("", "", true),
            ("", "x", true),
            ("Key", "AttachKEYs", true),
            ("key", "AttachKEs", false),
            ("s", "AttachKEYS", true),
            ("longer", "long", false),
            ("ÄRGER", "viel ärger", true),
            ("arger", "viel ärger", false),
            ("rger", "viel Ärger", true),
        ] {
            assert_eq!(Needle::new(needle).is_in(text), found, "{needle} in {text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn it_is_what_small_letters_contain(needle in "[a-cA-C-]{0,4}", text in "[a-dA-D-]{0,20}") {
            let expected = text.to_lowercase().contains(&needle.to_lowercase());
            proptest::prop_assert_eq!(Needle::new(&needle).is_in(&text), expected);
        }
    }
}
