//! X-Ray's filter expressions: text to a tree, and the refusal of what is not one.
//!
//! The grammar is that of the developer guide, "Use filter expressions". It knows no trace: `facts.rs` says
//! what holds. Wrong input is refused with the place and what would be right there.

use super::token::{Token, tokens};

/// Longer expressions are refused, and deeper ones.
const LONGEST: usize = 2_000;
const DEEPEST: usize = 24;

/// A parsed expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// Both hold.
    And(Box<Self>, Box<Self>),
    /// One or both hold.
    Or(Box<Self>, Box<Self>),
    /// It does not hold.
    Not(Box<Self>),
    /// `fault`, `ok = false`
    Flag(Flag, bool),
    /// `responsetime > 5`
    Number(NumberKey, Order, f64),
    /// `http.url CONTAINS "/api/"`
    Text(TextKey, TextOrder, String),
    /// `annotation.age`, `annotation[age] > 29`
    Annotation(String, Option<Wanted>),
    /// `service("x") { fault }`, `service()`
    Service(Selector, Option<Box<Self>>),
    /// `edge("a", "b") { fault }`
    Edge(Selector, Selector, Option<Box<Self>>),
    /// `group.name = "g"`
    Group(TextOrder, String),
    /// `rootcause.fault.service { name = "x" }`
    RootCause(Cause, Option<Box<Self>>),
}

/// What an annotation is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Wanted {
    /// Text.
    Text(TextOrder, String),
    /// A number.
    Number(Order, f64),
    /// True or false.
    Flag(bool),
}

/// Which services are meant; the default means all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selector {
    /// Name.
    pub name: Option<String>,
    /// Type.
    pub kind: Option<String>,
    /// Account.
    pub account: Option<String>,
}

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $word:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($variant,)* }

        impl $name {
            fn of(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

words! {
    /// Keywords that hold or do not.
    Flag {
        Ok = "ok", Error = "error", Throttle = "throttle", Fault = "fault", Partial = "partial",
        Inferred = "inferred", First = "first", Last = "last", Remote = "remote", Root = "root",
    }
}

words! {
    /// Keywords with a number.
    NumberKey {
        ResponseTime = "responsetime", Duration = "duration", Status = "http.status", Index = "index",
        Coverage = "coverage",
    }
}

words! {
    /// Keywords with a text.
    TextKey {
        Url = "http.url", Method = "http.method", Agent = "http.useragent", Client = "http.clientip",
        User = "user", Name = "name", Type = "type", Message = "message", Zone = "availabilityzone",
        Instance = "instance.id", Resource = "resource.arn", Account = "account.id",
    }
}

words! {
    /// What a root cause is a cause of.
    Cause {
        Fault = "rootcause.fault.service", Error = "rootcause.error.service",
        ResponseTime = "rootcause.responsetime.service",
    }
}

words! {
    /// How texts are compared.
    TextOrder { Is = "=", Not = "!=", Contains = "contains", Begins = "beginswith", Ends = "endswith", }
}

words! {
    /// How numbers are compared.
    Order { Is = "=", Not = "!=", Less = "<", AtMost = "<=", More = ">", AtLeast = ">=", }
}

impl TextOrder {
    /// Whether it holds between two texts.
    pub fn holds(self, left: &str, right: &str) -> bool {
        match self {
            Self::Is => left == right,
            Self::Not => left != right,
            Self::Contains => left.contains(right),
            Self::Begins => left.starts_with(right),
            Self::Ends => left.ends_with(right),
        }
    }
}

impl Order {
    /// Whether it holds between two numbers.
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Is => (left - right).abs() < f64::EPSILON,
            Self::Not => (left - right).abs() >= f64::EPSILON,
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::More => left > right,
            Self::AtLeast => left >= right,
        }
    }
}

/// Reads an expression; why not, otherwise.
pub fn parse(text: &str) -> Result<Expr, String> {
    if text.chars().count() > LONGEST {
        return Err(format!("it is longer than {LONGEST} characters"));
    }
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0 };
    let expr = parser.any()?;
    match parser.peek() {
        None => Ok(expr),
        Some(_) => Err(parser.wrong("AND, OR or the end")),
    }
}

struct Parser {
    /// Each with its position in characters.
    tokens: Vec<(usize, Token)>,
    at: usize,
    depth: usize,
}

type Parsed = Result<Expr, String>;

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(_, token)| token)
    }

    fn wrong(&self, wanted: &str) -> String {
        match self.tokens.get(self.at) {
            Some((place, token)) => format!("expected {wanted} but found {token} at position {place}"),
            None => format!("expected {wanted} but the expression ends"),
        }
    }

    fn sign(&mut self, sign: &'static str) -> bool {
        let found = self.peek() == Some(&Token::Sign(sign));
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), String> {
        if self.sign(sign) { Ok(()) } else { Err(self.wrong(sign)) }
    }

    fn word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    fn text(&mut self) -> Result<String, String> {
        match self.peek() {
            Some(Token::Text(text)) => {
                let text = text.clone();
                self.at += 1;
                Ok(text)
            }
            _ => Err(self.wrong("a text in double quotes")),
        }
    }

    fn any(&mut self) -> Parsed {
        let mut left = self.all()?;
        while self.word("or") {
            left = Expr::Or(Box::new(left), Box::new(self.all()?));
        }
        Ok(left)
    }

    fn all(&mut self) -> Parsed {
        let mut left = self.one()?;
        while self.word("and") {
            left = Expr::And(Box::new(left), Box::new(self.one()?));
        }
        Ok(left)
    }

    fn one(&mut self) -> Parsed {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("it is nested too deeply".to_owned());
        }
        let expr = if self.sign("!") || self.word("not") {
            Expr::Not(Box::new(self.one()?))
        } else if self.sign("(") {
            let inner = self.any()?;
            self.expect(")")?;
            inner
        } else {
            self.test()?
        };
        self.depth -= 1;
        Ok(expr)
    }

    fn test(&mut self) -> Parsed {
        let Some(Token::Word(word)) = self.peek().cloned() else { return Err(self.wrong("a keyword")) };
        let lower = word.to_ascii_lowercase();
        let begin = self.at;
        self.at += 1;
        if let Some(flag) = Flag::of(&lower) {
            return Ok(Expr::Flag(flag, self.flag_value()?));
        }
        if let Some(key) = NumberKey::of(&lower) {
            let order = self.order()?;
            return Ok(Expr::Number(key, order, self.number()?));
        }
        if let Some(key) = TextKey::of(&lower) {
            let order = self.text_order()?;
            return Ok(Expr::Text(key, order, self.text()?));
        }
        if let Some(cause) = Cause::of(&lower) {
            return Ok(Expr::RootCause(cause, self.inner()?));
        }
        if lower == "annotation" || lower.starts_with("annotation.") {
            return self.annotation(&word);
        }
        match lower.as_str() {
            "group.name" => {
                let order = self.text_order()?;
                Ok(Expr::Group(order, self.text()?))
            }
            "service" => {
                self.expect("(")?;
                let selector = if self.peek() == Some(&Token::Sign(")")) {
                    Selector::default()
                } else {
                    self.selector()?
                };
                self.expect(")")?;
                Ok(Expr::Service(selector, self.inner()?))
            }
            "edge" => {
                self.expect("(")?;
                let from = self.selector()?;
                self.expect(",")?;
                let to = self.selector()?;
                self.expect(")")?;
                Ok(Expr::Edge(from, to, self.inner()?))
            }
            _ => {
                self.at = begin;
                Err(self.wrong("a keyword"))
            }
        }
    }

    /// `{ .. }`, empty or absent for no condition.
    fn inner(&mut self) -> Result<Option<Box<Expr>>, String> {
        if !self.sign("{") || self.sign("}") {
            return Ok(None);
        }
        let inner = self.any()?;
        self.expect("}")?;
        Ok(Some(Box::new(inner)))
    }

    /// `"name"` or `id(name: "x", type: "y", account.id: "z")`
    fn selector(&mut self) -> Result<Selector, String> {
        if !self.word("id") {
            return Ok(Selector { name: Some(self.text()?), ..Selector::default() });
        }
        self.expect("(")?;
        let mut selector = Selector::default();
        loop {
            let slot = if self.word("name") {
                &mut selector.name
            } else if self.word("type") {
                &mut selector.kind
            } else if self.word("account.id") {
                &mut selector.account
            } else {
                return Err(self.wrong("name, type or account.id"));
            };
            self.expect(":")?;
            *slot = Some(self.text()?);
            if !self.sign(",") {
                break;
            }
        }
        self.expect(")")?;
        Ok(selector)
    }

    fn annotation(&mut self, word: &str) -> Parsed {
        let key = match word.split_once('.') {
            Some((_, key)) if !key.is_empty() => key.to_owned(),
            _ => {
                self.expect("[")?;
                let Some(Token::Word(key) | Token::Text(key)) = self.peek().cloned() else {
                    return Err(self.wrong("the key of an annotation"));
                };
                self.at += 1;
                self.expect("]")?;
                key
            }
        };
        if self.order_word().is_none() {
            return Ok(Expr::Annotation(key, None));
        }
        let begin = self.at;
        self.at += 1;
        let value = self.peek().cloned();
        self.at = begin;
        let wanted = match value {
            Some(Token::Number(_)) => {
                let order = self.order()?;
                Wanted::Number(order, self.number()?)
            }
            Some(Token::Word(_)) => Wanted::Flag(self.flag_value()?),
            _ => {
                let order = self.text_order()?;
                Wanted::Text(order, self.text()?)
            }
        };
        Ok(Expr::Annotation(key, Some(wanted)))
    }

    /// The operator that comes next, if one does.
    fn order_word(&self) -> Option<String> {
        let word = match self.peek()? {
            Token::Sign(sign) => (*sign).to_owned(),
            Token::Word(word) => word.to_ascii_lowercase(),
            Token::Text(_) | Token::Number(_) => return None,
        };
        (Order::of(&word).is_some() || TextOrder::of(&word).is_some()).then_some(word)
    }

    fn order(&mut self) -> Result<Order, String> {
        let order = self.order_word().and_then(|word| Order::of(&word));
        let order = order.ok_or_else(|| self.wrong("one of = != < <= > >="))?;
        self.at += 1;
        Ok(order)
    }

    fn text_order(&mut self) -> Result<TextOrder, String> {
        let order = self.order_word().and_then(|word| TextOrder::of(&word));
        let order = order.ok_or_else(|| self.wrong("one of = != CONTAINS BEGINSWITH ENDSWITH"))?;
        self.at += 1;
        Ok(order)
    }

    fn number(&mut self) -> Result<f64, String> {
        let Some(Token::Number(number)) = self.peek() else { return Err(self.wrong("a number")) };
        let number = *number;
        self.at += 1;
        Ok(number)
    }

    /// Nothing, `= true`, `= false`, `!= true`, `!= false`.
    fn flag_value(&mut self) -> Result<bool, String> {
        let same = if self.sign("=") {
            true
        } else if self.sign("!=") {
            false
        } else {
            return Ok(true);
        };
        if self.word("true") {
            Ok(same)
        } else if self.word("false") {
            Ok(!same)
        } else {
            Err(self.wrong("true or false"))
        }
    }
}
