//! Hiding who a recording is about: account ids, IP addresses (also as host names), ids of access keys and
//! principals, the names of roles, users and sessions in ARNs and of callers become made-up ones.
//!
//! The same name becomes the same made-up one everywhere in a file, so that a replay still joins what belongs
//! together: the made-up name is a hash under a key of this recording alone. A user who called once is known
//! from then on, and hidden in sentences, too; a role is often called as its service is, so it stays there.
//! Names of services, alarms and the like stay, in ARNs too, where the screens read them from. Twelve digits in
//! a row count as an account id, wherever they stand.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hash, RandomState};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Users that are known at most.
const MOST_USERS: usize = 5_000;
/// A shorter name is a word of any sentence.
const SHORTEST: usize = 3;

/// Gives made-up names.
#[derive(Debug, Default)]
pub struct Mask {
    /// Random for every recording: two recordings cannot be joined, and no id can be looked up by its hash.
    key: RandomState,
    /// Users who called so far.
    users: Mutex<BTreeSet<String>>,
    /// The kind of the caller who was met last.
    kind: Mutex<String>,
}

/// Where a text stands: in which struct and which field or variant of it; empty where there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// The type's name.
    pub owner: &'static str,
    /// The field's.
    pub field: &'static str,
}

/// What findings and events of the trail have of a caller. The kind stands first in both.
const KIND: Place = Place { owner: "Who", field: "kind" };
const NAME: Place = Place { owner: "Who", field: "name" };
const SESSION: Place = Place { owner: "Who", field: "session" };

impl Mask {
    /// Takes note of a text that is written, before it is masked: of whom a caller is, and of users who called.
    pub fn learn(&self, place: Place, text: &str) {
        if place == KIND {
            text.clone_into(&mut self.kind());
        }
        if place == NAME && matches!(self.kind().as_str(), "User" | "IAMUser") && text.len() >= SHORTEST {
            let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
            if users.len() < MOST_USERS {
                users.insert(text.to_owned());
            }
        }
    }

    /// Masks the text at a place.
    pub fn at(&self, place: Place, text: &str) -> String {
        match place {
            // `session@Role`, as the header of the screen has it.
            Place { field: "user_short", .. } => {
                text.split('@').map(|name| self.name(name)).collect::<Vec<_>>().join("@")
            }
            // Whose doings were asked for.
            Place { field: "User", .. } => self.name(text),
            // A service is called by its host, root is everybody's.
            NAME | SESSION if !matches!(self.kind().as_str(), "Service" | "Root" | "Other") => {
                self.name(text)
            }
            _ => self.text(text),
        }
    }

    fn kind(&self) -> MutexGuard<'_, String> {
        self.kind.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Masks one text.
    pub fn text(&self, text: &str) -> String {
        let text = &*self.without_users(text);
        let mut out = String::with_capacity(text.len());
        for token in text.split_inclusive(|c: char| !in_token(c)) {
            let bare = token.trim_end_matches(|c: char| !in_token(c));
            if bare.starts_with("arn:") {
                // A full stop ends the sentence, not the ARN.
                let arn = bare.trim_end_matches(['.', ':']);
                self.arn(arn, &mut out);
                out.push_str(token.strip_prefix(arn).unwrap_or_default());
            } else {
                self.words(token, &mut out);
            }
        }
        out
    }

    /// A text with the users hidden who are known.
    fn without_users<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        let known = |word: &str| users.contains(word.trim_end_matches(['.', ',']));
        if users.is_empty() || !text.split(|c: char| !in_user(c)).any(known) {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        for piece in text.split_inclusive(|c: char| !in_user(c)) {
            let word = piece.trim_end_matches(|c: char| !in_user(c) || matches!(c, '.' | ','));
            out.push_str(&if users.contains(word) { self.name(word) } else { word.to_owned() });
            out.push_str(piece.strip_prefix(word).unwrap_or_default());
        }
        Cow::Owned(out)
    }

    /// An ARN, whose resource names a person or a role when it is of IAM or STS.
    fn arn(&self, arn: &str, out: &mut String) {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let [prefix @ .., resource] = parts.as_slice() else { return };
        if !matches!(prefix, [_, _, "iam" | "sts", _, _]) {
            return self.words(arn, out);
        }
        self.words(&prefix.join(":"), out);
        out.push(':');
        // `role/path/name`: the kind stays, every name after it goes.
        for (at, part) in resource.split('/').enumerate() {
            if at == 0 {
                out.push_str(part);
            } else {
                out.push('/');
                out.push_str(&self.name(part));
            }
        }
    }

    fn name(&self, name: &str) -> String {
        // What policies match with is nobody's name, and the roles that AWS calls with are everybody's. What was
        // hidden stays as it is: a name may be met in a sentence first, and as a caller's then.
        let plain = name.is_empty() || name == "*" || name.starts_with("AWSServiceRoleFor") || hidden(name);
        if plain { name.to_owned() } else { format!("name-{:010x}", self.hash(name) >> 24) }
    }

    /// Text in which no ARN is.
    fn words(&self, text: &str, out: &mut String) {
        for piece in text.split_inclusive(|c: char| !in_word(c)) {
            let word = piece.trim_end_matches(|c: char| !in_word(c));
            match self.host(word) {
                Some(masked) => out.push_str(&masked),
                None => {
                    for part in word.split_inclusive('-') {
                        let bare = part.trim_end_matches('-');
                        self.word(bare, out);
                        out.push_str(part.strip_prefix(bare).unwrap_or_default());
                    }
                }
            }
            out.push_str(piece.strip_prefix(word).unwrap_or_default());
        }
    }

    fn word(&self, word: &str, out: &mut String) {
        if word.len() < 3 {
            return out.push_str(word);
        }
        // A port after an IPv4 address, or a full stop after either, is not part of it.
        let bare = word.trim_end_matches(['.', ':']);
        let rest = |from: &str| word.strip_prefix(from).unwrap_or_default();
        if let Some(masked) = self.address(bare) {
            out.push_str(&masked);
            return out.push_str(rest(bare));
        }
        if let Some((host, _)) = bare.rsplit_once(':')
            && host.contains('.')
            && let Some(masked) = self.address(host)
        {
            out.push_str(&masked);
            return out.push_str(rest(host));
        }
        if let Some(masked) = self.iam_id(bare) {
            out.push_str(&masked);
            return out.push_str(rest(bare));
        }
        self.accounts(word, out);
    }

    /// The id of an access key, a user or a role: four letters that say which, and sixteen or more that name it.
    fn iam_id(&self, text: &str) -> Option<String> {
        let kind = ["AKIA", "ASIA", "AIDA", "AROA"].into_iter().find(|kind| text.starts_with(kind))?;
        let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
        ((16..=128).contains(&text.len()) && text.chars().all(plain))
            .then(|| format!("{kind}{:016X}", self.hash(text)))
    }

    fn accounts(&self, word: &str, out: &mut String) {
        let mut digits = String::new();
        for c in word.chars().chain(std::iter::once('\0')) {
            if c.is_ascii_digit() {
                digits.push(c);
                continue;
            }
            if digits.len() == 12 {
                out.push_str(&self.account(&digits));
            } else {
                out.push_str(&digits);
            }
            digits.clear();
            if c != '\0' {
                out.push(c);
            }
        }
    }

    fn account(&self, id: &str) -> String {
        format!("{:012}", self.hash(id) % 1_000_000_000_000)
    }

    fn address(&self, text: &str) -> Option<String> {
        // `::` and times such as 04:19 are no addresses of anybody.
        let address: IpAddr = text.parse().ok()?;
        if address.is_loopback() || address.is_unspecified() {
            return None;
        }
        Some(match address {
            IpAddr::V4(address) => self.v4(address).to_string(),
            IpAddr::V6(address) => self.v6(address).to_string(),
        })
    }

    /// `ip-10-0-3-7` or `ec2-3-8-1-2`, alone or as the first label of a host name.
    fn host(&self, text: &str) -> Option<String> {
        let label = text.split(['.', ':']).next()?;
        let (kind, numbers) = label.split_once('-').filter(|(kind, _)| matches!(*kind, "ip" | "ec2"))?;
        let address: Ipv4Addr = numbers.replace('-', ".").parse().ok()?;
        let masked = self.v4(address).to_string().replace('.', "-");
        Some(format!("{kind}-{masked}{}", text.strip_prefix(label)?))
    }

    fn v4(&self, address: Ipv4Addr) -> Ipv4Addr {
        // 240.0.0.0/4 is nobody's, and wide enough that two addresses hardly ever become one.
        Ipv4Addr::from_bits(((self.hash(address) as u32) >> 4) | 0xf000_0000)
    }

    fn v6(&self, address: Ipv6Addr) -> Ipv6Addr {
        // So is 2001:db8::/32.
        Ipv6Addr::from_bits((0x2001_0db8 << 96) | u128::from(self.hash(address)))
    }

    fn hash(&self, of: impl Hash) -> u64 {
        self.key.hash_one(of)
    }
}

/// A made-up name.
fn hidden(name: &str) -> bool {
    name.strip_prefix("name-")
        .is_some_and(|rest| rest.len() == 10 && rest.chars().all(|c| c.is_ascii_hexdigit()))
}

/// What names of users are made of.
fn in_user(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '=' | ',' | '.' | '@' | '_' | '-')
}

/// What ARNs are made of, save what also stands between them.
fn in_token(c: char) -> bool {
    in_word(c) || matches!(c, '/' | '_' | '+' | '@' | '*' | '$' | '%' | '~' | '#')
}

/// What account ids, addresses and host names are made of.
fn in_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '-')
}
