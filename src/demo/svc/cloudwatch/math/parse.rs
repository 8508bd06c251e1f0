//! Reads metric math: tokens, then precedence climbing into a tree. What the tree means is in `mod.rs`.
//!
//! Input comes from foreign clients, so depth is bounded and every error is a sentence.

/// Expressions nest no deeper than this.
const MAX_DEPTH: usize = 64;

/// A parsed expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// A number.
    Number(f64),
    /// Quoted text, for `METRICS("errors")`.
    Text(String),
    /// Another query's id, or a word such as `REPEAT`.
    Id(String),
    /// A sign change.
    Negate(Box<Expr>),
    /// Two sides and what joins them.
    Binary(Op, Box<Expr>, Box<Expr>),
    /// A function's name and its arguments. Names are capitals; any other is unknown.
    Call(String, Vec<Expr>),
    /// `[a, b]`.
    List(Vec<Expr>),
}

/// What joins two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    Or,
    And,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
}

/// Parses an expression.
///
/// # Errors
/// What is wrong with it, in words.
pub fn parse(text: &str) -> Result<Expr, String> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, depth: 0 };
    let expr = parser.binary(0)?;
    match parser.tokens.first() {
        None => Ok(expr),
        Some(token) => Err(format!("unexpected {}", token.describe())),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Number(f64),
    Text(String),
    Word(String),
    Sign(&'static str),
}

impl Token {
    fn describe(&self) -> String {
        match self {
            Self::Number(number) => format!("`{number}`"),
            Self::Text(text) => format!("\"{text}\""),
            Self::Word(word) => format!("`{word}`"),
            Self::Sign(sign) => format!("`{sign}`"),
        }
    }
}

const SIGNS: [&str; 19] =
    ["<=", ">=", "==", "!=", "&&", "||", "<", ">", "+", "-", "*", "/", "^", "(", ")", "[", "]", ",", "="];

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let take = |wanted: fn(char) -> bool| rest.split_at(rest.find(|c| !wanted(c)).unwrap_or(rest.len()));
        rest = if first.is_ascii_digit() || first == '.' {
            let (number, after) = take(|c| c.is_ascii_digit() || c == '.');
            found.push(Token::Number(number.parse().map_err(|_| format!("`{number}` is not a number"))?));
            after
        } else if first.is_alphabetic() || first == '_' {
            let (word, after) = take(|c| c.is_alphanumeric() || c == '_');
            found.push(Token::Word(word.to_owned()));
            after
        } else if let Some(quoted) = rest.strip_prefix(['"', '\'']) {
            let (inner, after) = quoted.split_once(first).ok_or("a quote is not closed")?;
            found.push(Token::Text(inner.to_owned()));
            after
        } else {
            let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
            let sign = sign.ok_or_else(|| format!("unexpected `{first}`"))?;
            found.push(Token::Sign(sign));
            rest.strip_prefix(sign).unwrap_or_default()
        }
        .trim_start();
    }
    Ok(found)
}

struct Parser<'a> {
    tokens: &'a [Token],
    depth: usize,
}

impl Parser<'_> {
    fn next(&mut self) -> Option<&Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    fn accept(&mut self, sign: &str) -> bool {
        let found = matches!(self.tokens.first(), Some(Token::Sign(found)) if *found == sign);
        if found {
            self.next();
        }
        found
    }

    /// Precedence climbing: `level` is the loosest operator still taken.
    fn binary(&mut self, level: u8) -> Result<Expr, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("the expression is nested too deeply".into());
        }
        let mut left = self.unary()?;
        while let Some((op, strength)) =
            self.tokens.first().and_then(operator).filter(|(_, found)| *found >= level)
        {
            self.next();
            let right = self.binary(strength + 1)?;
            left = Expr::Binary(op, Box::new(left), Box::new(right));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr, String> {
        if self.accept("-") {
            // Binds tighter than `*`, so that `-a*b` is `(-a)*b`.
            return Ok(Expr::Negate(Box::new(self.binary(6)?)));
        }
        if self.accept("(") {
            let inner = self.binary(0)?;
            return if self.accept(")") { Ok(inner) } else { Err("`)` is missing".into()) };
        }
        if self.accept("[") {
            return Ok(Expr::List(self.arguments("]")?));
        }
        match self.next().cloned() {
            Some(Token::Number(number)) => Ok(Expr::Number(number)),
            Some(Token::Text(text)) => Ok(Expr::Text(text)),
            Some(Token::Word(word)) if self.accept("(") => Ok(Expr::Call(word, self.arguments(")")?)),
            Some(Token::Word(word)) => Ok(Expr::Id(word)),
            Some(token) => Err(format!("unexpected {}", token.describe())),
            None => Err("the expression ends too early".into()),
        }
    }

    fn arguments(&mut self, end: &str) -> Result<Vec<Expr>, String> {
        let mut arguments = Vec::new();
        if self.accept(end) {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.binary(0)?);
            if self.accept(end) {
                return Ok(arguments);
            }
            if !self.accept(",") {
                return Err(format!("`{end}` is missing"));
            }
        }
    }
}

fn operator(token: &Token) -> Option<(Op, u8)> {
    let found = match token {
        Token::Sign("||") => (Op::Or, 1),
        Token::Sign("&&") => (Op::And, 2),
        Token::Word(word) if word.eq_ignore_ascii_case("or") => (Op::Or, 1),
        Token::Word(word) if word.eq_ignore_ascii_case("and") => (Op::And, 2),
        Token::Sign("<") => (Op::Less, 3),
        Token::Sign("<=") => (Op::LessOrEqual, 3),
        Token::Sign(">") => (Op::Greater, 3),
        Token::Sign(">=") => (Op::GreaterOrEqual, 3),
        Token::Sign("==") => (Op::Equal, 3),
        Token::Sign("!=") => (Op::NotEqual, 3),
        Token::Sign("+") => (Op::Add, 4),
        Token::Sign("-") => (Op::Subtract, 4),
        Token::Sign("*") => (Op::Multiply, 5),
        Token::Sign("/") => (Op::Divide, 5),
        Token::Sign("^") => (Op::Power, 6),
        _ => return None,
    };
    Some(found)
}
