//! Every shipped theme is checked; bad theme files are refused with their place.

use super::color::{distance, linear, nearest_256, oklab_linear, rgb};
use super::*;

const SHIPPED: [&str; 6] = ["dark", "light", "high-contrast", "colour-blind", "ansi16", "mono"];

fn load(name: &str, depth: ColorDepth) -> Theme {
    Theme::load(name, &[], depth, false).unwrap()
}

fn colors(theme: &Theme) -> Vec<Color> {
    let styles = Role::ALL.iter().map(|(role, _)| theme.style(*role)).chain([theme.base()]);
    styles.flat_map(|style| [style.fg, style.bg]).flatten().collect()
}

#[test]
fn roles_are_listed_in_the_order_of_the_enum() {
    for (at, (role, name)) in Role::ALL.iter().enumerate() {
        assert_eq!(*role as usize, at);
        assert_eq!(serde_json::to_value(role).unwrap(), *name);
    }
}

#[test]
fn every_shipped_theme_can_be_read() {
    assert_eq!(Theme::names(&[]), SHIPPED);
    for name in SHIPPED {
        assert_eq!(check(&load(name, ColorDepth::True)), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn the_checker_finds_what_is_wrong() {
    let bad = "inherits = \"dark\"\n[palette]\nquiet = \"#404550\"\nred = \"#e3b05c\"\n";
    let theme = Theme::load("bad", &[("bad".into(), bad.into())], ColorDepth::True, false).unwrap();
    let problems = check(&theme).join("\n");
    assert!(problems.contains("Dim on #16181d: contrast 1.8, not 4.5"), "{problems}");
    assert!(problems.contains("Warn and Bad look alike"), "{problems}");
}

#[test]
fn states_stay_apart_for_colour_blind_eyes() {
    // Severe protanopia, deuteranopia and tritanopia (Machado, Oliveira and Fernandes, 2009).
    let eyes = [
        [
            [0.152_286, 1.052_583, -0.204_868],
            [0.114_503, 0.786_281, 0.099_216],
            [-0.003_882, -0.048_116, 1.051_998],
        ],
        [
            [0.367_322, 0.860_646, -0.227_968],
            [0.280_085, 0.672_501, 0.047_413],
            [-0.011_820, 0.042_940, 0.968_881],
        ],
        [
            [1.255_528, -0.076_749, -0.178_779],
            [-0.078_411, 0.930_809, 0.147_602],
            [0.004_733, 0.691_367, 0.303_900],
        ],
    ];
    let theme = load("colour-blind", ColorDepth::True);
    for (at, eye) in eyes.iter().enumerate() {
        let seen = |role: Role| {
            let light = linear(theme.style(role).fg.and_then(rgb).unwrap());
            oklab_linear(
                eye.map(|row| row.iter().zip(light).map(|(m, c)| m * c).sum::<f64>().clamp(0.0, 1.0)),
            )
        };
        let pairs =
            [(Role::Ok, Role::Warn), (Role::Ok, Role::Bad), (Role::Warn, Role::Bad), (Role::Old, Role::New)];
        for (a, b) in pairs {
            let apart = distance(seen(a), seen(b));
            assert!(apart >= 0.12, "eye {at}: {a:?} and {b:?} are {apart:.2} apart");
        }
    }
}

#[test]
fn a_terminal_gets_only_the_colours_it_has() {
    for name in SHIPPED {
        assert!(colors(&load(name, ColorDepth::None)).is_empty(), "{name} without colour");
        let sixteen = colors(&load(name, ColorDepth::Ansi16));
        assert!(sixteen.iter().all(|c| !matches!(c, Color::Rgb(..) | Color::Indexed(_))), "{name} at 16");
        let xterm = colors(&load(name, ColorDepth::Ansi256));
        assert!(xterm.iter().all(|c| !matches!(c, Color::Rgb(..) | Color::Indexed(..16))), "{name} at 256");
    }
    assert!(colors(&load("mono", ColorDepth::True)).is_empty());
}

#[test]
fn only_themes_that_say_so_paint_the_background() {
    for (name, paints) in [("dark", false), ("colour-blind", false), ("light", true), ("high-contrast", true)]
    {
        assert_eq!(load(name, ColorDepth::True).base().bg.is_some(), paints, "{name}");
        assert_eq!(load(name, ColorDepth::Ansi16).base().bg, None, "{name} at 16");
    }
}

#[test]
fn colours_are_written_in_three_ways() {
    let cases = [
        ("red", Some(Color::Red)),
        ("default", Some(Color::Reset)),
        ("#0a80FF", Some(Color::Rgb(10, 128, 255))),
        ("208", Some(Color::Indexed(208))),
        ("256", None),
        ("#fff", None),
        ("#+12345", None),
        ("crimson", None),
    ];
    for (text, expected) in cases {
        assert_eq!(parse_color(text), expected, "{text}");
    }
}

#[test]
fn the_nearest_of_256_is_found() {
    let cases = [
        ((0, 0, 0), 16),
        ((255, 255, 255), 231),
        ((255, 0, 0), 196),
        ((95, 135, 175), 67),
        ((40, 40, 40), 235),
        ((128, 128, 128), 244),
    ];
    for ((r, g, b), expected) in cases {
        assert_eq!(nearest_256(Color::Rgb(r, g, b)), Color::Indexed(expected), "{r} {g} {b}");
    }
}

#[test]
fn the_environment_says_how_many_colours() {
    use ColorDepth::{Ansi16, Ansi256, None as Never, True};
    let cases = [
        ((false, Some("truecolor"), Some("xterm-256color")), True),
        ((false, None, Some("xterm-256color")), Ansi256),
        ((false, None, Some("xterm-direct")), True),
        ((false, None, Some("screen")), Ansi16),
        ((false, Some(""), Some("linux")), Ansi16),
        ((false, None, Some("dumb")), Never),
        ((false, None, None), Never),
        ((true, Some("truecolor"), Some("xterm-256color")), Never),
    ];
    for ((no_color, colorterm, term), expected) in cases {
        assert_eq!(ColorDepth::detect(no_color, colorterm, term), expected, "{colorterm:?} {term:?}");
    }
}

#[test]
fn a_user_theme_replaces_and_inherits() {
    let user = [
        ("dark".to_owned(), "inherits = \"dark\"\n[palette]\nviolet = \"#ff0000\"\n".to_owned()),
        ("mine".to_owned(), "inherits = \"dark\"\n[roles]\nok = \"black on 208 bold dim\"\n".to_owned()),
    ];
    assert_eq!(Theme::names(&user).last().map(String::as_str), Some("mine"));
    let theme = Theme::load("mine", &user, ColorDepth::True, true).unwrap();
    assert_eq!(
        theme.style(Role::Accent).fg,
        Some(Color::Rgb(255, 0, 0)),
        "a palette colour reaches the roles"
    );
    let ok = Style::new().fg(Color::Black).bg(Color::Indexed(208)).bold().dim();
    assert_eq!(theme.style(Role::Ok), ok);
    assert_eq!(theme.glyphs(), &Glyphs::ASCII);
}

#[test]
fn bad_theme_files_are_refused_with_their_place() {
    let cases = [
        ("[roles\n", vec!["themes/x.toml:1: "]),
        ("inherits = \"drak\"\n", vec!["themes/x.toml:1: no theme `drak`", "(did you mean `dark`?)"]),
        ("inherits = 3\n", vec!["themes/x.toml:1: inherits: a theme's name"]),
        ("inherits = \"x\"\n", vec!["no theme `x`"]),
        ("inherits = \"dark\"\ncolour = 1\n", vec!["themes/x.toml:2: unknown key `colour`"]),
        (
            "inherits = \"dark\"\n[roles]\nbda = \"red\"\n",
            vec!["themes/x.toml:3: unknown role `bda` (did you mean `bad`?)"],
        ),
        (
            "inherits = \"dark\"\n[roles]\nbad = \"amebr bold\"\n",
            vec!["themes/x.toml:3: roles.bad: `amebr` is no colour and no modifier (did you mean `amber`?)"],
        ),
        ("inherits = \"dark\"\n[roles]\nbad = \"red green\"\n", vec!["one colour too many at `green`"]),
        ("inherits = \"dark\"\n[roles]\nbad = \"red on\"\n", vec!["a colour is missing after `on`"]),
        ("inherits = \"dark\"\n[roles]\nbad = 1\n", vec!["themes/x.toml:3: roles.bad: a text like"]),
        ("inherits = \"dark\"\n[palette]\nred = \"rde\"\n", vec![":3: palette.red: a colour is", "`red`?"]),
        ("inherits = \"dark\"\npaint = \"no\"\n", vec!["themes/x.toml:2: paint: true or false"]),
        ("[roles]\ntext = \"red\"\n", vec!["themes/x.toml: role `dim` has no style"]),
    ];
    for (text, expected) in cases {
        let user = [("x".to_owned(), text.to_owned())];
        let errors = Theme::load("x", &user, ColorDepth::True, false).unwrap_err();
        let said = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        assert!(expected.iter().all(|part| said.contains(part)), "{text}\nsaid: {said}");
    }
    let circle = [("a", "b"), ("b", "a")].map(|(n, p)| (n.to_owned(), format!("inherits = \"{p}\"\n")));
    let errors = Theme::load("a", &circle, ColorDepth::True, false).unwrap_err();
    assert!(errors.iter().any(|e| e.message.contains("inherits from itself")), "{errors:?}");
    let errors = Theme::load("drak", &[], ColorDepth::True, false).unwrap_err();
    assert!(errors.iter().any(|e| e.suggestion.as_deref() == Some("dark")), "{errors:?}");
}
