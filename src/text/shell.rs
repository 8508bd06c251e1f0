//! Words for a shell: what is copied is pasted, and names in it may be hostile. Pure.

/// A word safe to paste into a POSIX shell: as it is when it holds nothing special, else in single quotes.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn special_characters_stay_text() {
        for (word, expected) in [
            ("arn:aws:iam::1:role/x", "arn:aws:iam::1:role/x"),
            ("", "''"),
            ("a b", "'a b'"),
            ("$(reboot)", "'$(reboot)'"),
            ("it's;rm", r"'it'\''s;rm'"),
        ] {
            assert_eq!(quoted(word), expected);
        }
    }
}
