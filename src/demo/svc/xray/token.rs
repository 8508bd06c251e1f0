//! The words, texts, numbers and signs of a filter expression.
//!
//! Splits only; what they mean together is in `filter.rs`. Positions count characters from 0.

use std::fmt;
use std::iter::Peekable;
use std::vec::IntoIter;

/// One of them.
#[derive(Debug, Clone, PartialEq)]
pub enum Token {
    /// A keyword or key: letters, digits, `_`, `.` and `-`.
    Word(String),
    /// In double quotes, escapes undone.
    Text(String),
    /// A number.
    Number(f64),
    /// Brackets and operators.
    Sign(&'static str),
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => write!(f, "{word}"),
            Self::Text(text) => write!(f, "\"{text}\""),
            Self::Number(number) => write!(f, "{number}"),
            Self::Sign(sign) => write!(f, "{sign}"),
        }
    }
}

/// Longer ones before those that they begin with.
const SIGNS: [&str; 15] = ["!=", "<=", ">=", "=", "<", ">", "!", "(", ")", "{", "}", "[", "]", ",", ":"];

type Chars = Peekable<IntoIter<(usize, char)>>;

/// Splits an expression.
pub fn tokens(text: &str) -> Result<Vec<(usize, Token)>, String> {
    let mut chars: Chars = text.chars().enumerate().collect::<Vec<_>>().into_iter().peekable();
    let mut tokens = Vec::new();
    while let Some((at, c)) = chars.peek().copied() {
        if c.is_whitespace() {
            chars.next();
        } else if c == '"' {
            chars.next();
            tokens.push((at, Token::Text(quoted(&mut chars, at)?)));
        } else if c.is_alphabetic() || c == '_' {
            let word = run(&mut chars, |c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-'));
            tokens.push((at, Token::Word(word)));
        } else if c.is_ascii_digit() || c == '-' || c == '.' {
            let number = run(&mut chars, |c| c.is_ascii_digit() || matches!(c, '-' | '.'));
            let value = number.parse().map_err(|_| format!("{number} at position {at} is no number"))?;
            tokens.push((at, Token::Number(value)));
        } else {
            chars.next();
            let double = chars.peek().is_some_and(|(_, next)| *next == '=');
            let wanted = if double { format!("{c}=") } else { c.to_string() };
            let found = SIGNS.iter().find(|sign| **sign == wanted);
            if double && found.is_some() {
                chars.next();
            }
            let single = c.to_string();
            let sign = found.or_else(|| SIGNS.iter().find(|sign| **sign == single));
            let sign = sign.ok_or_else(|| format!("unexpected {c} at position {at}"))?;
            tokens.push((at, Token::Sign(sign)));
        }
    }
    Ok(tokens)
}

fn run(chars: &mut Chars, belongs: impl Fn(char) -> bool) -> String {
    let mut text = String::new();
    while let Some((_, c)) = chars.next_if(|(_, c)| belongs(*c)) {
        text.push(c);
    }
    text
}

/// The rest of a text after its opening quote.
fn quoted(chars: &mut Chars, begin: usize) -> Result<String, String> {
    let open = || format!("the text that begins at position {begin} does not end");
    let mut text = String::new();
    loop {
        match chars.next().ok_or_else(open)?.1 {
            '"' => return Ok(text),
            '\\' => text.push(chars.next().ok_or_else(open)?.1),
            c => text.push(c),
        }
    }
}
