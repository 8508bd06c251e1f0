//! Patterns over names: `*` is any text, `?` any one character, all else itself.
//!
//! Alarm names may hold any character, brackets too, so there is nothing more to these patterns.

/// A pattern over whole names, case-sensitive as names in AWS are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob(Vec<char>);

impl Glob {
    /// A pattern from its text.
    pub fn new(pattern: &str) -> Self {
        Self(pattern.chars().collect())
    }

    /// Whether the whole name fits. Time is at most the product of both lengths.
    pub fn matches(&self, name: &str) -> bool {
        let name: Vec<char> = name.chars().collect();
        let (mut p, mut n) = (0, 0);
        // Where the last `*` stood, and how much of the name it had taken then.
        let mut star = None;
        while let Some(c) = name.get(n) {
            match self.0.get(p) {
                Some('*') => {
                    star = Some((p, n));
                    p += 1;
                }
                Some(want) if *want == '?' || want == c => {
                    p += 1;
                    n += 1;
                }
                _ => {
                    let Some((at, taken)) = star else { return false };
                    star = Some((at, taken + 1));
                    p = at + 1;
                    n = taken + 1;
                }
            }
        }
        self.0.iter().skip(p).all(|c| *c == '*')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_whole_names() {
        let cases = [
            ("checkout-*", "checkout-5xx", true),
            ("checkout-*", "checkout-", true),
            ("checkout-*", "my-checkout-5xx", false),
            ("*-p99", "orders-p99", true),
            ("*a*b", "xxaxxabxb", true),
            ("*a*b", "xxaxxabxc", false),
            ("a?c", "aßc", true),
            ("a?c", "ac", false),
            ("[x]", "[x]", true),
            ("", "", true),
            ("", "x", false),
            ("*", "", true),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(Glob::new(pattern).matches(name), expected, "{pattern} over {name}");
        }
    }

    #[test]
    fn many_stars_do_not_take_for_ever() {
        assert!(!Glob::new(&format!("{}b", "*a".repeat(100))).matches(&"a".repeat(5000)));
    }
}
