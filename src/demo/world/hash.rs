//! Numbers that look random and are a pure function of their keys.
//!
//! A counter-based generator: each question hashes its own keys, so that any minute of any service can
//! be asked for first, last or twice. No state, no order, and not for anything that needs secrecy.

use std::fmt::Write as _;

/// A position in key space; [`Dice::on`] goes deeper, the other methods read the number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dice(u64);

impl Dice {
    /// The root for a seed.
    pub(super) fn new(seed: u64) -> Self {
        Self(seed ^ 0x6579_6577_616c_6c21)
    }

    /// The child at a key.
    #[must_use]
    pub(super) fn on(self, key: u64) -> Self {
        Self(stir(self.0 ^ key.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    /// The child at a name.
    #[must_use]
    pub(super) fn named(self, key: &str) -> Self {
        let hash = key.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        self.on(hash)
    }

    /// 64 bits.
    pub(super) fn bits(self) -> u64 {
        stir(self.0.wrapping_add(0x9e37_79b9_7f4a_7c15))
    }

    /// 0 up to, not including, 1.
    pub(super) fn unit(self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// -1 up to, not including, 1.
    pub(super) fn swing(self) -> f64 {
        self.unit() * 2.0 - 1.0
    }

    /// 0 up to, not including, `limit`; 0 when the limit is 0.
    pub(super) fn below(self, limit: u64) -> u64 {
        if limit == 0 { 0 } else { self.bits() % limit }
    }

    /// The same as a signed number, for times and positions.
    pub(super) fn signed(self, limit: u64) -> i64 {
        self.below(limit).cast_signed()
    }

    /// One of a list.
    pub(super) fn pick<T>(self, list: &[T]) -> Option<&T> {
        list.get(self.below(list.len() as u64) as usize)
    }

    /// Rounds up or down so that the mean stays right.
    pub(super) fn round(self, value: f64) -> u32 {
        (value + self.unit()).floor().max(0.0) as u32
    }

    /// That many lower-case hexadecimal digits.
    pub(super) fn hex(self, digits: usize) -> String {
        let mut text = String::with_capacity(digits + 16);
        let mut part = 0;
        while text.len() < digits {
            let _ = write!(text, "{:016x}", self.on(part).bits());
            part += 1;
        }
        text.truncate(digits);
        text
    }

    /// A UUID's text.
    pub(super) fn uuid(self) -> String {
        let (high, low) = (self.on(1).bits(), self.on(2).bits());
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            (low >> 48) & 0xfff,
            low & 0xffff_ffff_ffff
        )
    }
}

/// The finalizer of splitmix64.
fn stir(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
