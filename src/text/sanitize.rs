//! The filter for remote text: log lines, names, error messages. Everything in them may be hostile.
//!
//! Escape sequences are removed as whole units (`vte` says where one ends), control characters become
//! visible symbols, characters that hide or reorder text are spelled out. What comes out holds no C0, DEL
//! or C1 character but `\n` in a block, and filtering it again changes nothing.

use std::borrow::Cow;
use unicode_width::UnicodeWidthChar;

/// How many bytes of one line are shown in a list; the whole text belongs to the detail view.
pub const LINE_CAP: usize = 4096;

/// Columns between tab stops.
const TAB: usize = 4;

/// Combining marks kept on one character. More than any script needs, too few to flood a cell.
const MARKS: usize = 4;

/// Makes one line of remote text safe for a terminal: escape sequences are removed as units, control
/// characters become visible symbols, newlines too. A line ending at the very end is dropped.
///
/// Clean text is returned as it is, without a copy.
pub fn sanitize(text: &str) -> Cow<'_, str> {
    filter(without_line_ending(text), false)
}

/// As [`sanitize`], but newlines stay (`\r\n` becomes `\n`).
pub fn sanitize_block(text: &str) -> Cow<'_, str> {
    filter(without_line_ending(text), true)
}

/// The first `max` bytes of a text, or a little less so that no character is split, and how many bytes
/// were left out.
pub fn cap(text: &str, max: usize) -> (&str, usize) {
    let end = text.floor_char_boundary(max);
    let (kept, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    (kept, rest.len())
}

fn without_line_ending(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

fn filter(text: &str, newlines: bool) -> Cow<'_, str> {
    if is_plain(text.as_bytes()) || !text.chars().any(|c| suspicious(c) && !(newlines && c == '\n')) {
        return Cow::Borrowed(text);
    }
    let mut out = Out { text: String::with_capacity(text.len() + 16), column: 0, marks: 0 };
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        rest = match c {
            '\x1b' => after_sequence(rest).unwrap_or_else(|| {
                out.push('␛');
                after
            }),
            '\r' if newlines && after.starts_with('\n') => after,
            '\n' if newlines => {
                out.newline();
                after
            }
            _ => {
                out.character(c);
                after
            }
        };
    }
    Cow::Owned(out.text)
}

/// Whether all bytes are printable ASCII: the common case, decided 32 bytes at a time so that the compiler
/// can use wide registers.
fn is_plain(bytes: &[u8]) -> bool {
    bytes.chunks(32).all(|chunk| chunk.iter().fold(true, |plain, b| plain & (b.wrapping_sub(0x20) < 0x5f)))
}

/// Whether a character cannot pass as it is.
fn suspicious(c: char) -> bool {
    c.is_control() || (!c.is_ascii() && (hides(c) || c.width() == Some(0)))
}

/// Characters that reorder text (bidirectional controls) or that nobody sees: a line could lie with them.
fn hides(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// What has been written so far, and where the cursor would stand.
struct Out {
    text: String,
    column: usize,
    marks: usize,
}

impl Out {
    fn character(&mut self, c: char) {
        match c {
            '\t' => {
                for _ in 0..TAB - self.column % TAB {
                    self.push(' ');
                }
            }
            // The Unicode control pictures stand in the order of the control characters.
            '\0'..='\x1f' => self.push(char::from_u32(0x2400 + c as u32).unwrap_or('␦')),
            '\x7f' => self.push('␡'),
            '\u{80}'..='\u{9f}' => self.push('␦'),
            _ if hides(c) => format!("<U+{:04X}>", c as u32).chars().for_each(|c| self.push(c)),
            _ => self.push(c),
        }
    }

    fn push(&mut self, c: char) {
        let width = c.width().unwrap_or(0);
        self.marks = if width == 0 { self.marks + 1 } else { 0 };
        if self.marks <= MARKS {
            self.text.push(c);
            self.column += width;
        }
    }

    fn newline(&mut self) {
        self.text.push('\n');
        self.column = 0;
        self.marks = 0;
    }
}

/// What follows the escape sequence that starts at the first byte (an ESC). `None` when the line ends
/// before the sequence does: then only the ESC is made visible, so that a cut sequence hides nothing.
///
/// A string (OSC, DCS, APC, PM, SOS) also ends before the next ESC: its terminator `ESC \` is a sequence
/// of its own, and a hostile text cannot make this scan start over again and again.
fn after_sequence(text: &str) -> Option<&str> {
    let mut parser = vte::Parser::new();
    let mut seen = Seen::default();
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'\n' => return None,
            0x1b if at > 0 => return text.get(at..),
            _ => parser.advance(&mut seen, &[byte]),
        }
        if seen.printed {
            return text.get(text.floor_char_boundary(at)..);
        }
        if seen.ended {
            return text.get(text.ceil_char_boundary(at + 1)..);
        }
    }
    None
}

/// Hears from the parser that a sequence has ended, at this byte or just before it.
#[derive(Default)]
struct Seen {
    ended: bool,
    printed: bool,
}

impl vte::Perform for Seen {
    fn print(&mut self, _: char) {
        self.printed = true;
    }

    fn execute(&mut self, byte: u8) {
        // CAN and SUB abort a sequence; other control characters do not leave it.
        self.ended |= matches!(byte, 0x18 | 0x1a);
    }

    fn unhook(&mut self) {
        self.ended = true;
    }

    fn osc_dispatch(&mut self, _: &[&[u8]], _: bool) {
        self.ended = true;
    }

    fn csi_dispatch(&mut self, _: &vte::Params, _: &[u8], _: bool, _: char) {
        self.ended = true;
    }

    fn esc_dispatch(&mut self, _: &[u8], _: bool, _: u8) {
        self.ended = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_is_made_safe() {
        let cases = [
            ("plain", "plain"),
            ("", ""),
            ("größe 日本 👍", "größe 日本 👍"),
            ("line\n", "line"),
            ("line\r\n", "line"),
            ("two\nlines", "two␊lines"),
            ("50 %\r100 %", "50 %␍100 %"),
            ("a\tb", "a   b"),
            ("abcd\te", "abcd    e"),
            ("日\tb", "日  b"),
            ("nul\0bel\x07del\x7f", "nul␀bel␇del␡"),
            ("\u{9b}31mred\u{85}", "␦31mred␦"),
            // Escape sequences go as units.
            ("\x1b[31mred\x1b[0m", "red"),
            ("\x1b[38;2;1;2;3mx\x1b[?25l\x1b[2Jy", "xy"),
            ("a\x1b]0;title\x07b", "ab"),
            ("a\x1b]52;c;ZWNobw==\x1b\\b", "ab"),
            ("\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
            ("a\x1bP1$r0m\x1b\\b", "ab"),
            ("a\x1b_apc\x1b\\b\x1b^pm\x1b\\c\x1bXsos\x1b\\d", "abcd"),
            ("a\x1b(Bb\x1bcc\x1b=d", "abcd"),
            ("a\x1b[1<2;3mb", "ab"),
            ("a\x1b[1\x18b", "ab"),
            ("a\x1bPq#0;2;日本\x1b\\b", "ab"),
            // A sequence that never ends hides nothing.
            ("a\x1b", "a␛"),
            ("a\x1b[31", "a␛[31"),
            ("a\x1b]0;the rest of the line", "a␛]0;the rest of the line"),
            ("a\x1b]0;x\ny\x07z", "a␛]0;x␊y␇z"),
            ("a\x1b]0;x\x1b[1mb", "ab"),
            // Characters that hide or reorder are spelled out.
            ("user\u{202e}gpj.exe", "user<U+202E>gpj.exe"),
            ("pass\u{200b}word\u{feff}", "pass<U+200B>word<U+FEFF>"),
            ("\u{2066}x\u{2069}", "<U+2066>x<U+2069>"),
            ("tag\u{e0041}", "tag<U+E0041>"),
            ("e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}!", "e\u{301}\u{301}\u{301}\u{301}!"),
        ];
        for (input, expected) in cases {
            assert_eq!(sanitize(input), expected, "{input:?}");
        }
    }

    #[test]
    fn a_block_keeps_its_lines() {
        let cases = [
            ("a\nb\n", "a\nb"),
            ("a\r\nb\r\n", "a\nb"),
            ("a\rb\nc", "a␍b\nc"),
            ("ab\t\n\tc", "ab  \n    c"),
            ("\x1b]0;open\nnext", "␛]0;open\nnext"),
            ("\x1b[1mTitle\x1b[0m\n\nbody", "Title\n\nbody"),
        ];
        for (input, expected) in cases {
            assert_eq!(sanitize_block(input), expected, "{input:?}");
        }
    }

    #[test]
    fn clean_text_is_not_copied() {
        for clean in ["", "GET /pay 502 in 1940 ms", "größe 日本", &"x".repeat(100)] {
            assert!(matches!(sanitize(clean), Cow::Borrowed(_)), "{clean}");
        }
        assert!(matches!(sanitize_block("a\nb"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_cap_never_splits_a_character() {
        assert_eq!(cap("abc", 5), ("abc", 0));
        assert_eq!(cap("abcdef", 4), ("abcd", 2));
        assert_eq!(cap("ab日本", 4), ("ab", 6));
        assert_eq!(cap("日", 0), ("", 3));
    }

    #[test]
    fn hostile_text_is_filtered_in_linear_time() {
        // Half a million sequences that never end; a scan that started over at each would take minutes.
        for unit in ["\x1b]", "\x1b_", "\x1bP", "\x1b[", "\x1b", "\u{9d}"] {
            let text = unit.repeat(500_000);
            assert!(sanitize(&text).chars().all(|c| !c.is_control()));
        }
    }

    proptest! {
        #[test]
        fn nothing_dangerous_survives(text in "([\\x00-\\x1f\\x7f-\\u{9f}]|\\x1b[\\[\\]PX^_()=]|[0-9;?mAb\\\\]|\\PC|[\\u{200b}-\\u{202e}]){0,60}") {
            let line = sanitize(&text);
            prop_assert!(!line.chars().any(|c| c.is_control() || hides(c)), "{line:?}");
            prop_assert_eq!(sanitize(&line), line.as_ref());
            let block = sanitize_block(&text);
            prop_assert!(!block.chars().any(|c| (c.is_control() && c != '\n') || hides(c)), "{block:?}");
        }

        #[test]
        fn any_text_is_survived(text in any::<String>(), max in 0usize..50) {
            let _ = sanitize_block(&text);
            let (kept, dropped) = cap(&text, max);
            prop_assert_eq!(kept.len() + dropped, text.len());
            prop_assert!(kept.len() <= max);
        }
    }
}
