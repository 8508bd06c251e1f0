//! Expressions of `GetMetricData` as far as a planner must read them: which ids they use, whether they see
//! the whole call, at which period they search. It does not evaluate and never refuses anything.

/// A piece of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    /// A name: an id, a function, a keyword.
    Word(&'a str),
    /// A string with its quotes.
    Quoted(&'a str),
    /// Starts with a digit.
    Number(&'a str),
    /// One other character.
    Other(&'a str),
}

impl<'a> Token<'a> {
    fn text(self) -> &'a str {
        match self {
            Self::Word(text) | Self::Quoted(text) | Self::Number(text) | Self::Other(text) => text,
        }
    }

    fn is_space(self) -> bool {
        matches!(self, Self::Other(text) if text.trim().is_empty())
    }
}

/// A Metrics Insights query, not math: its names are not ids.
pub fn is_sql(expression: &str) -> bool {
    let word = expression.split_whitespace().next().unwrap_or_default();
    word.eq_ignore_ascii_case("SELECT")
}

/// The ids that an expression uses, maybe several times.
pub fn ids(expression: &str) -> Vec<&str> {
    if is_sql(expression) {
        return Vec::new();
    }
    let tokens = tokens(expression);
    let ids = tokens.iter().enumerate().filter_map(|(at, token)| match token {
        Token::Word(word) if is_id(word) && !is_function(&tokens, at) => Some(*word),
        _ => None,
    });
    ids.collect()
}

/// The expression with other ids.
pub fn rename(expression: &str, new: impl Fn(&str) -> Option<String>) -> String {
    if is_sql(expression) {
        return expression.to_owned();
    }
    let tokens = tokens(expression);
    let mut out = String::with_capacity(expression.len() + 8);
    for (at, token) in tokens.iter().enumerate() {
        let renamed = match token {
            Token::Word(word) if is_id(word) && !is_function(&tokens, at) => new(word),
            _ => None,
        };
        out.push_str(renamed.as_deref().unwrap_or(token.text()));
    }
    out
}

/// How often a function is called.
pub fn count_calls(expression: &str, function: &str) -> usize {
    let tokens = tokens(expression);
    let calls = |(at, token): &(usize, &Token)| {
        matches!(token, Token::Word(word) if *word == function) && is_function(&tokens, *at)
    };
    tokens.iter().enumerate().filter(calls).count()
}

/// The texts by which `METRICS("..")` picks ids.
pub fn id_filters(expression: &str) -> Vec<&str> {
    let tokens: Vec<Token> = tokens(expression).into_iter().filter(|token| !token.is_space()).collect();
    let filters = tokens.windows(3).filter_map(|window| match window {
        [Token::Word("METRICS"), Token::Other("("), Token::Quoted(text)] => {
            Some(text.trim_matches(['"', '\'']))
        }
        _ => None,
    });
    filters.collect()
}

/// The expression with searches at no finer period than this, in seconds. A search carries its period inside,
/// where that of its row does not reach.
pub fn raise_search_periods(expression: &str, least: i32) -> String {
    if !expression.contains("SEARCH") || is_sql(expression) {
        return expression.to_owned();
    }
    let tokens = tokens(expression);
    let mut out = String::with_capacity(expression.len() + 8);
    // Of each open parenthesis: whether it is a search's, and how many commas came in it.
    let mut open: Vec<(bool, u32)> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Other("(") => {
                let before = tokens.iter().take(at).rev().find(|token| !token.is_space());
                open.push((before == Some(&Token::Word("SEARCH")), 0));
            }
            Token::Other(")") => drop(open.pop()),
            Token::Other(",") => open.iter_mut().last().into_iter().for_each(|(_, commas)| *commas += 1),
            Token::Number(text) if open.last() == Some(&(true, 2)) => {
                let raised = text.parse::<i32>().ok().filter(|period| *period < least);
                if raised.is_some() {
                    out.push_str(&least.to_string());
                    continue;
                }
            }
            _ => {}
        }
        out.push_str(token.text());
    }
    out
}

/// Ids start with a lower-case letter; functions and keywords do not.
fn is_id(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_lowercase())
}

fn is_function(tokens: &[Token], at: usize) -> bool {
    let after = tokens.iter().skip(at + 1).find(|token| !token.is_space());
    after == Some(&Token::Other("("))
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' | '\'' => quoted_length(rest, first),
            c if c.is_ascii_digit() => length_of(rest, |c| c.is_alphanumeric() || c == '.'),
            c if c.is_alphabetic() || c == '_' => length_of(rest, |c| c.is_alphanumeric() || c == '_'),
            other => other.len_utf8(),
        };
        let (text, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        tokens.push(match first {
            '"' | '\'' => Token::Quoted(text),
            c if c.is_ascii_digit() => Token::Number(text),
            c if c.is_alphabetic() || c == '_' => Token::Word(text),
            _ => Token::Other(text),
        });
        rest = after;
    }
    tokens
}

fn length_of(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c: char| !belongs(c)).unwrap_or(text.len())
}

/// Up to and with the closing quote; a backslash keeps the next character from closing.
fn quoted_length(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if !escaped && c == quote {
            return at + c.len_utf8();
        }
        escaped = !escaped && c == '\\';
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_outside_strings_functions_and_queries() {
        for (expression, expected) in [
            ("m1 + m2/100", vec!["m1", "m2"]),
            ("IF(errors > 5, FILL(m1, REPEAT), 0)", vec!["errors", "m1"]),
            ("SEARCH('{ns,dim} m1 MetricName=\"x\"', 'Sum', 60) / m2", vec!["m2"]),
            ("SUM(METRICS(\"m1\"))", vec![]),
            ("m1*1e5 + 2x", vec!["m1"]),
            ("SELECT AVG(cpu) FROM ns GROUP BY host", vec![]),
            ("SORT([m1, m_2], AVG, DESC, 3)", vec!["m1", "m_2"]),
            ("SEARCH('a \\' b', 'Sum') + m3", vec!["m3"]),
            ("'open m1", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(ids(expression), expected, "{expression}");
        }
    }

    #[test]
    fn ids_are_renamed_and_nothing_else() {
        let new = |id: &str| (id == "m1").then(|| "q7".to_owned());
        for (expression, expected) in [
            ("m1+m11 + SUM( m1 )", "q7+m11 + SUM( q7 )"),
            ("METRICS('m1') + m1", "METRICS('m1') + q7"),
            ("SELECT m1 FROM x", "SELECT m1 FROM x"),
        ] {
            assert_eq!(rename(expression, new), expected);
        }
    }

    #[test]
    fn searches_are_never_finer_than_asked() {
        for (expression, expected) in [
            ("SEARCH('{a,b} c', 'Sum', 60)", "SEARCH('{a,b} c', 'Sum', 300)"),
            ("FILL(SEARCH('a', 'Sum', 60), 0)*60", "FILL(SEARCH('a', 'Sum', 300), 0)*60"),
            ("SEARCH('a', 'Sum', 3600)", "SEARCH('a', 'Sum', 3600)"),
            ("SEARCH('a', 'Sum')", "SEARCH('a', 'Sum')"),
            (
                "SLICE(SEARCH ( 'a, b, 60', 'Sum', 60 ), 0, 10)",
                "SLICE(SEARCH ( 'a, b, 60', 'Sum', 300 ), 0, 10)",
            ),
            ("m1 / 60", "m1 / 60"),
        ] {
            assert_eq!(raise_search_periods(expression, 300), expected);
        }
    }

    #[test]
    fn metrics_and_its_filters() {
        assert_eq!(count_calls("FILL(METRICS(), 0)", "METRICS"), 1);
        assert_eq!(count_calls("SUM(METRICS( \"err\" )) / SUM(METRICS('ok'))", "METRICS"), 2);
        assert_eq!(count_calls("m1 + 'METRICS()'", "METRICS"), 0);
        assert_eq!(id_filters("SUM(METRICS( \"err\" )) / SUM(METRICS('ok'))"), ["err", "ok"]);
    }
}
