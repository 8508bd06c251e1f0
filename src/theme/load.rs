//! Reading theme files: `inherits`, `[palette]`, `[roles]`, and fitting the result to the terminal.
//!
//! A role is written as `"COLOR on COLOR MODIFIER…"`, each part optional. A theme that inherits sees its
//! parent's palette and roles; what it names itself wins, so changing one palette colour changes every role
//! that uses it. User files are texts handed in: a file of the same name as a shipped theme replaces it, and
//! may inherit from it.

use super::color::{NAMES, is_ansi16, nearest_256, parse_color};
use super::{ColorDepth, Role, Theme};
use crate::config::{ConfigError, Origin, suggest};
use ratatui::style::{Color, Modifier, Style};
use std::collections::BTreeMap;
use std::ops::Range;
use toml_edit::{Document, Item, Table};

/// The themes in the program, by name.
const SHIPPED: [(&str, &str); 6] = [
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("high-contrast", include_str!("../../themes/high-contrast.toml")),
    ("colour-blind", include_str!("../../themes/colour-blind.toml")),
    ("ansi16", include_str!("../../themes/ansi16.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
];

const MODIFIERS: [(&str, Modifier); 4] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("underline", Modifier::UNDERLINED),
    ("reversed", Modifier::REVERSED),
];

/// Themes that inherit in a chain longer than this are a mistake.
const MAX_CHAIN: usize = 8;

impl Theme {
    /// The names of all themes: the shipped ones, then the user's own. `user` holds name and text of each
    /// file in the user's theme folder.
    pub fn names(user: &[(String, String)]) -> Vec<String> {
        let mut names: Vec<String> = SHIPPED.iter().map(|(name, _)| (*name).to_owned()).collect();
        for (name, _) in user {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }

    /// Loads a theme for a terminal with this many colours. `user` is as in [`Theme::names`].
    ///
    /// # Errors
    /// Everything that is wrong with the file or one that it inherits from.
    pub fn load(
        name: &str,
        user: &[(String, String)],
        depth: ColorDepth,
        ascii: bool,
    ) -> Result<Self, Vec<ConfigError>> {
        let mut theme = resolve(name, user)?;
        theme.ascii = ascii;
        match depth {
            ColorDepth::True => {}
            ColorDepth::Ansi256 => {
                theme.background = theme.background.map(nearest_256);
                for style in &mut theme.styles {
                    style.fg = style.fg.map(nearest_256);
                    style.bg = style.bg.map(nearest_256);
                }
            }
            // The nearest of sixteen colours that the user has redefined is a guess; ansi16 is a design.
            ColorDepth::Ansi16 => {
                let sixteen = resolve("ansi16", &[])?;
                for (style, replacement) in theme.styles.iter_mut().zip(sixteen.styles) {
                    if ![style.fg, style.bg].into_iter().flatten().all(is_ansi16) {
                        *style = replacement;
                    }
                }
                if !theme.background.is_some_and(is_ansi16) {
                    theme.background = None;
                }
            }
            ColorDepth::None => {
                let mono = resolve("mono", &[])?;
                theme.styles = mono.styles;
                theme.background = None;
            }
        }
        Ok(theme)
    }
}

/// A theme in its own colours.
fn resolve(name: &str, user: &[(String, String)]) -> Result<Theme, Vec<ConfigError>> {
    let layers = chain(name, user)?;
    let mut merged = Merged::default();
    let mut errors = Vec::new();
    for layer in &layers {
        layer.merge_into(&mut merged, &mut errors);
    }
    let mut styles = vec![Style::default(); Role::ALL.len()];
    for ((role, name), (style, written)) in Role::ALL.iter().zip(styles.iter_mut().zip(merged.roles)) {
        let key = format!("roles.{name}");
        let Some(Written { layer, text, span }) = written else {
            let message = format!("role `{name}` has no style ({role:?}); inherit from a shipped theme");
            errors.extend(layers.last().map(|layer| layer.origin().error(None, &key, message, None)));
            continue;
        };
        match parse_style(text, &merged.palette) {
            Ok(parsed) => *style = parsed,
            Err((message, suggestion)) => {
                errors.push(layer.origin().error(span, &key, format!("{key}: {message}"), suggestion));
            }
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(Theme {
        name: name.to_owned(),
        ascii: false,
        background: merged.background,
        paint: merged.paint,
        styles,
    })
}

/// One theme file.
struct Layer<'a> {
    file: String,
    text: &'a str,
    document: Document<&'a str>,
}

/// What a chain of themes says, the child last.
#[derive(Default)]
struct Merged<'l, 'a> {
    palette: BTreeMap<String, Color>,
    background: Option<Color>,
    paint: bool,
    roles: [Option<Written<'l, 'a>>; Role::ALL.len()],
}

/// A role's style as written, and where.
struct Written<'l, 'a> {
    layer: &'l Layer<'a>,
    text: &'l str,
    span: Option<Range<usize>>,
}

/// The theme and what it inherits from, the eldest first.
fn chain<'a>(name: &str, user: &'a [(String, String)]) -> Result<Vec<Layer<'a>>, Vec<ConfigError>> {
    let mut layers: Vec<Layer<'a>> = Vec::new();
    let mut next = Some(name.to_owned());
    let mut shipped_only = false;
    while let Some(wanted) = next.take() {
        let own = user.iter().find(|(n, _)| *n == wanted && !shipped_only);
        let shipped = SHIPPED.iter().find(|(n, _)| *n == wanted).map(|(_, text)| *text);
        let text = match (own, shipped, layers.last()) {
            (Some((_, text)), ..) => text.as_str(),
            (None, Some(text), _) => text,
            (None, None, parent) => return Err(vec![unknown(&wanted, parent, user)]),
        };
        let file = if own.is_some() { format!("themes/{wanted}.toml") } else { format!("{wanted}.toml") };
        let origin = Origin { file: &file, text };
        let document = Document::parse(text).map_err(|error| vec![origin.syntax(&error)])?;
        if let Some(item) = document.get("inherits") {
            let Some(parent) = item.as_str() else {
                return Err(vec![origin.error(item.span(), "inherits", "inherits: a theme's name", None)]);
            };
            if layers.len() >= MAX_CHAIN {
                let message = format!("inherits: `{name}` inherits from itself");
                return Err(vec![origin.error(item.span(), "inherits", message, None)]);
            }
            // A user's `dark` may inherit from the shipped `dark`.
            shipped_only = own.is_some() && parent == wanted;
            next = Some(parent.to_owned());
        }
        layers.push(Layer { file, text, document });
    }
    layers.reverse();
    Ok(layers)
}

fn unknown(name: &str, child: Option<&Layer<'_>>, user: &[(String, String)]) -> ConfigError {
    let names = Theme::names(user);
    let suggestion = suggest(name, names.iter().map(String::as_str));
    let message = format!("no theme `{name}`; there are {}", names.join(", "));
    match child {
        Some(layer) => {
            let span = layer.document.get("inherits").and_then(Item::span);
            layer.origin().error(span, "inherits", message, suggestion)
        }
        None => ConfigError::unplaced("theme", message, suggestion),
    }
}

impl<'a> Layer<'a> {
    fn origin(&self) -> Origin<'_> {
        Origin { file: &self.file, text: self.text }
    }

    fn merge_into<'l>(&'l self, merged: &mut Merged<'l, 'a>, errors: &mut Vec<ConfigError>) {
        const KEYS: [&str; 5] = ["inherits", "background", "paint", "palette", "roles"];
        let root = self.document.as_table();
        for (key, item) in root {
            match (key, item) {
                ("inherits", _) => {}
                ("background", item) => match item.as_str().and_then(parse_color) {
                    Some(color) => merged.background = Some(color),
                    None => errors.push(self.bad_color(item, key)),
                },
                ("paint", item) => match item.as_bool() {
                    Some(paint) => merged.paint = paint,
                    None => errors.push(self.error(item, key, "true or false")),
                },
                ("palette", Item::Table(palette)) => self.merge_palette(palette, merged, errors),
                ("roles", Item::Table(roles)) => self.merge_roles(roles, merged, errors),
                ("palette" | "roles", item) => errors.push(self.error(item, key, "a table is expected")),
                _ => errors.push(self.unknown_key(root, "", key, "key", &KEYS)),
            }
        }
    }

    fn merge_palette(&self, palette: &Table, merged: &mut Merged<'_, 'a>, errors: &mut Vec<ConfigError>) {
        for (name, item) in palette {
            match item.as_str().and_then(parse_color) {
                Some(color) => {
                    merged.palette.insert(name.to_owned(), color);
                }
                None => errors.push(self.bad_color(item, &format!("palette.{name}"))),
            }
        }
    }

    fn merge_roles<'l>(
        &'l self,
        roles: &'l Table,
        merged: &mut Merged<'l, 'a>,
        errors: &mut Vec<ConfigError>,
    ) {
        let names = Role::ALL.map(|(_, name)| name);
        for (name, item) in roles {
            let slot = names.iter().position(|n| *n == name).and_then(|at| merged.roles.get_mut(at));
            match (slot, item.as_str()) {
                (Some(slot), Some(text)) => *slot = Some(Written { layer: self, text, span: item.span() }),
                (Some(_), None) => {
                    errors.push(self.error(item, &format!("roles.{name}"), "a text like \"red bold\""));
                }
                (None, _) => errors.push(self.unknown_key(roles, "roles.", name, "role", &names)),
            }
        }
    }

    fn error(&self, item: &Item, key: &str, message: &str) -> ConfigError {
        self.origin().error(item.span(), key, format!("{key}: {message}"), None)
    }

    fn bad_color(&self, item: &Item, key: &str) -> ConfigError {
        let written = item.as_str().unwrap_or_default();
        let suggestion = suggest(written, NAMES.iter().map(|(name, _)| *name));
        let message = format!("{key}: a colour is a name, #rrggbb or an index in quotes, not `{written}`");
        self.origin().error(item.span(), key, message, suggestion)
    }

    fn unknown_key(&self, table: &Table, path: &str, key: &str, what: &str, known: &[&str]) -> ConfigError {
        let span = table.key(key).and_then(toml_edit::Key::span);
        let suggestion = suggest(key, known.iter().copied());
        self.origin().error(span, &format!("{path}{key}"), format!("unknown {what} `{key}`"), suggestion)
    }
}

/// A style from `"COLOR on COLOR MODIFIER…"`, or what is wrong with it and what was meant.
fn parse_style(text: &str, palette: &BTreeMap<String, Color>) -> Result<Style, (String, Option<String>)> {
    let mut style = Style::default();
    let mut background = false;
    for word in text.split_whitespace() {
        let color = palette.get(word).copied().or_else(|| parse_color(word));
        let modifier = MODIFIERS.iter().find(|(name, _)| *name == word).map(|(_, modifier)| *modifier);
        match (word, color, modifier) {
            ("on", ..) if !background && style.bg.is_none() => background = true,
            (_, Some(color), _) if background => {
                style.bg = Some(color);
                background = false;
            }
            (_, Some(color), _) if style.fg.is_none() && style.bg.is_none() => style.fg = Some(color),
            (_, _, Some(modifier)) if !background => style = style.add_modifier(modifier),
            (_, Some(_), _) | ("on", ..) => return Err((format!("one colour too many at `{word}`"), None)),
            _ => {
                let known = palette.keys().map(String::as_str);
                let known = known.chain(NAMES.iter().map(|n| n.0)).chain(MODIFIERS.iter().map(|m| m.0));
                return Err((format!("`{word}` is no colour and no modifier"), suggest(word, known)));
            }
        }
    }
    if background {
        return Err(("a colour is missing after `on`".to_owned(), None));
    }
    Ok(style)
}
