//! Metric math by tables; the examples of the user guide are among them.

use super::*;

fn line(name: &str, points: &[(i64, f64)]) -> Line {
    let metric = Metric::new("Shop", name, &[]);
    let of = Some(Rc::new(Origin { metric, stat: "Sum".into(), period: 60 }));
    Line { name: name.into(), of, points: points.to_vec() }
}

/// Values at 60, 120, 180, ..; `None` where there is no point.
fn dotted(name: &str, values: &[Option<f64>]) -> Line {
    let points =
        values.iter().enumerate().filter_map(|(index, value)| Some((60 * (index as i64 + 1), (*value)?)));
    line(name, &points.collect::<Vec<_>>())
}

struct Fixture(Vec<(&'static str, Line)>);

impl Fixture {
    fn new() -> Self {
        let some = |values: &[f64]| values.iter().map(|value| Some(*value)).collect::<Vec<_>>();
        let gap = |values: &[f64]| {
            values.iter().map(|value| Some(*value).filter(|value| *value >= 0.0)).collect::<Vec<_>>()
        };
        Self(vec![
            ("m1", dotted("m1", &gap(&[10.0, 20.0, -1.0, 40.0]))),
            ("m2", dotted("m2", &some(&[2.0, 0.0, 5.0, 4.0]))),
            // The user guide's examples.
            ("a1", dotted("a1", &some(&[30.0, 20.0, 0.0, 0.0]))),
            ("a2", dotted("a2", &gap(&[20.0, -1.0, 20.0, -1.0]))),
            ("i1", dotted("i1", &gap(&[1.0, 1.0, 0.0, 0.0, -1.0]))),
            ("i2", dotted("i2", &gap(&[30.0, -1.0, 0.0, 0.0, 30.0]))),
            ("i3", dotted("i3", &gap(&[0.0, 0.0, 20.0, -1.0, 20.0]))),
            ("none", dotted("none", &[])),
        ])
    }
}

impl Scope for Fixture {
    fn resolve(&self, id: &str) -> Result<Operand, String> {
        let found = self.0.iter().find(|(known, _)| *known == id);
        found.map(|(_, line)| Operand::Series(line.clone())).ok_or_else(|| format!("unknown id {id}"))
    }

    fn metrics(&self) -> Vec<(String, Line)> {
        self.0.iter().take(2).map(|(id, line)| ((*id).to_owned(), line.clone())).collect()
    }

    fn search(&self, query: &str, stat: &str, period: Option<u32>) -> Result<Vec<Line>, String> {
        Ok(vec![line(&format!("{query}|{stat}|{period:?}"), &[(60, 1.0)])])
    }

    fn earlier(&self, _: &Origin, days: i64) -> Points {
        vec![(60, 10.0 + days as f64), (120, 20.0)]
    }

    fn period(&self) -> i64 {
        60
    }

    fn grid(&self) -> &[i64] {
        &[60, 120, 180, 240]
    }
}

fn value(text: &str) -> Result<Operand, String> {
    parse(text)?.evaluate(&Fixture::new())
}

#[track_caller]
fn series(text: &str) -> Vec<(i64, f64)> {
    match value(text) {
        Ok(Operand::Series(line)) => line.points,
        other => panic!("{text}: {other:?}"),
    }
}

/// Values at 60, 120, ..; NaN where nothing may be.
#[track_caller]
fn gives(text: &str, expected: &[f64]) {
    let expected: Vec<(i64, f64)> = expected
        .iter()
        .enumerate()
        .filter(|(_, value)| !value.is_nan())
        .map(|(index, value)| (60 * (index as i64 + 1), *value))
        .collect();
    assert_eq!(series(text), expected, "{text}");
}

const X: f64 = f64::NAN;

#[test]
fn operators_count_missing_points_as_zero_and_drop_divisions_by_it() {
    for (text, expected) in [
        ("m1", vec![10.0, 20.0, X, 40.0]),
        ("m1 + m2", vec![12.0, 20.0, 5.0, 44.0]),
        ("m1/m2", vec![5.0, X, 0.0, 10.0]),
        ("100 * m2 / m1", vec![20.0, 0.0, X, 10.0]),
        ("m1 - 2 - 3", vec![5.0, 15.0, X, 35.0]),
        ("-m1 * 2 + 1", vec![-19.0, -39.0, X, -79.0]),
        ("(m1 + 2) * 2", vec![24.0, 44.0, X, 84.0]),
        ("m2 ^ 2", vec![4.0, 0.0, 25.0, 16.0]),
        ("m1 >= 20", vec![0.0, 1.0, X, 1.0]),
        ("m1 > 15 AND m2 > 3", vec![0.0, 0.0, 0.0, 1.0]),
        ("m1 != 10 || m2 == 2", vec![1.0, 1.0, 0.0, 1.0]),
        // The user guide's table.
        ("a1 < a2", vec![0.0, 0.0, 1.0, 0.0]),
        ("a1 >= 30", vec![1.0, 0.0, 0.0, 0.0]),
        ("(a1 > 15 AND a2 > 15)", vec![1.0, 0.0, 0.0, 0.0]),
    ] {
        gives(text, &expected);
    }
}

#[test]
fn if_goes_as_the_user_guide_has_it() {
    for (text, expected) in [
        ("IF(i1, i2, i3)", vec![30.0, 0.0, 20.0, X, X]),
        ("IF(i1, 5, i3)", vec![5.0, 5.0, 20.0, X, X]),
        ("IF(i1, i2, 5)", vec![30.0, 0.0, 5.0, 5.0, X]),
        ("IF(i1, i2)", vec![30.0, 0.0, X, X, X]),
        ("IF(m1 > 15, m1, 1)", vec![1.0, 20.0, X, 40.0]),
        ("IF(m1 > 15 && m1 < 30, m1)", vec![X, 20.0, X, X]),
        ("IF(1, m1, m2)", vec![10.0, 20.0, X, 40.0]),
        ("IF(0, m1, m2)", vec![2.0, 0.0, 5.0, 4.0]),
        ("IF(0, m1)", vec![]),
        ("IF(LAST([m1, m2]) > 3, 1, 0)", vec![0.0, 0.0, 1.0, 1.0]),
        ("IF(MAX(m1) > 3, 1, 0)", vec![1.0, 1.0, 1.0, 1.0]),
    ] {
        gives(text, &expected);
    }
}

#[test]
fn functions_give_series() {
    for (text, expected) in [
        ("FILL(m1, 0)", vec![10.0, 20.0, 0.0, 40.0]),
        ("FILL(m1, REPEAT)", vec![10.0, 20.0, 20.0, 40.0]),
        ("FILL(m1, LINEAR)", vec![10.0, 20.0, 30.0, 40.0]),
        ("FILL(m1, m2)", vec![10.0, 20.0, 5.0, 40.0]),
        ("FILL(m1, MIN(m1))", vec![10.0, 20.0, 10.0, 40.0]),
        ("FILL(none, 7)", vec![7.0, 7.0, 7.0, 7.0]),
        ("FILL(none, REPEAT)", vec![]),
        ("RATE(m1)", vec![X, 10.0 / 60.0, X, 20.0 / 120.0]),
        ("DIFF(m1)", vec![X, 10.0, X, 20.0]),
        ("DIFF_TIME(m1)", vec![X, 60.0, X, 120.0]),
        ("RUNNING_SUM(m1)", vec![10.0, 30.0, X, 70.0]),
        ("ABS(0 - m2)", vec![2.0, 0.0, 5.0, 4.0]),
        ("CEIL(m2 / 3)", vec![1.0, 0.0, 2.0, 2.0]),
        ("FLOOR(m2 / 3)", vec![0.0, 0.0, 1.0, 1.0]),
        ("LOG10(m1 * 10)", vec![2.0, 200.0_f64.log10(), X, 400.0_f64.log10()]),
        ("LOG(m2)", vec![2.0_f64.ln(), X, 5.0_f64.ln(), 4.0_f64.ln()]),
        ("TIME_SERIES(MAX(m1))", vec![40.0, 40.0, 40.0, 40.0]),
        ("TIME_SERIES(AVG(none))", vec![]),
        ("m1 / PERIOD(m1)", vec![10.0 / 60.0, 20.0 / 60.0, X, 40.0 / 60.0]),
        ("m1 - AVG(m1)", vec![10.0 - 70.0 / 3.0, 20.0 - 70.0 / 3.0, X, 40.0 - 70.0 / 3.0]),
        ("m1 * 0 + SUM(m2)", vec![11.0, 11.0, X, 11.0]),
        ("SUM(METRICS())", vec![12.0, 20.0, 5.0, 44.0]),
        ("SUM(METRICS(\"m2\"))", vec![2.0, 0.0, 5.0, 4.0]),
        ("SUM([METRICS('1'), METRICS('2')])", vec![12.0, 20.0, 5.0, 44.0]),
        ("MAX([m1, m2])", vec![10.0, 20.0, 5.0, 40.0]),
        ("MIN([m1, m2])", vec![2.0, 0.0, 5.0, 4.0]),
        // Who has no point counts as 0.
        ("AVG([m1, m2])", vec![6.0, 10.0, 2.5, 22.0]),
        ("STDDEV([m1, m2])", vec![4.0, 10.0, 0.0, 18.0]),
        ("DATAPOINT_COUNT([m1, m2])", vec![2.0, 2.0, 1.0, 2.0]),
        ("m1 * DATAPOINT_COUNT(m1)", vec![30.0, 60.0, X, 120.0]),
        ("m1 * METRIC_COUNT(METRICS())", vec![20.0, 40.0, X, 80.0]),
        ("SUM(100/[m1, m2])", vec![60.0, 5.0, 20.0, 27.5]),
        ("FIRST(METRICS())", vec![10.0, 20.0, X, 40.0]),
        ("LAST(METRICS())", vec![2.0, 0.0, 5.0, 4.0]),
        ("FIRST(SORT(METRICS(), AVG, ASC))", vec![2.0, 0.0, 5.0, 4.0]),
        ("FIRST(SORT([none, m2, m1], SUM, DESC))", vec![10.0, 20.0, X, 40.0]),
        ("FIRST(SLICE(METRICS(), 1))", vec![2.0, 0.0, 5.0, 4.0]),
        ("LAST(SLICE([m1, m2, none], 0, 1))", vec![10.0, 20.0, X, 40.0]),
        ("FIRST(REMOVE_EMPTY([none, m1]))", vec![10.0, 20.0, X, 40.0]),
        ("MINUTE(m1)", vec![1.0, 2.0, 3.0, 4.0]),
        // 1970-01-01 was a Thursday.
        ("DAY(none) * 10000 + MONTH(m1) * 100 + DATE(m1)", vec![40_101.0; 4]),
        ("YEAR(m1) + HOUR(m1) + EPOCH(m1) / 60", vec![1971.0, 1972.0, 1973.0, 1974.0]),
        ("LAST(ANOMALY_DETECTION_BAND(m1)) + FIRST(ANOMALY_DETECTION_BAND(m1, 4))", {
            let deviation = (2.0_f64 / 6.0).sqrt();
            vec![24.0 + 2.0 * deviation, 40.0 + 2.0 * deviation]
        }),
    ] {
        let found = series(text);
        let expected: Vec<(i64, f64)> = expected
            .iter()
            .enumerate()
            .filter(|(_, value)| !value.is_nan())
            .map(|(index, value)| (60 * (index as i64 + 1), *value))
            .collect();
        assert_eq!(found.len(), expected.len(), "{text}: {found:?}");
        for ((at, value), (there, wanted)) in found.iter().zip(&expected) {
            assert!(at == there && (value - wanted).abs() < 1e-9, "{text}: {found:?}, not {expected:?}");
        }
    }
}

#[test]
fn numbers_and_arrays_come_out_as_such() {
    assert_eq!(value("AVG(m1) + MIN(m2) ^ 2"), Ok(Operand::Scalar(70.0 / 3.0)));
    assert_eq!(value("SUM(none)"), Ok(Operand::Scalar(0.0)));
    let names = |text: &str| match value(text) {
        Ok(Operand::Array(lines)) => lines.into_iter().map(|line| line.name).collect::<Vec<_>>(),
        other => panic!("{text}: {other:?}"),
    };
    assert_eq!(names("METRICS() * 2"), ["m1", "m2"]);
    assert_eq!(names("[m1, m2] / m1"), ["m1", "m2"]);
    assert_eq!(names("SORT([m1, none, m2], MAX, ASC)"), ["m2", "m1", "none"]);
    assert_eq!(names("SORT([m1, none, m2], MAX, DESC, 2)"), ["m1", "m2"]);
    assert_eq!(names("SLICE(SORT(METRICS(), SUM, DESC), 0, 1)"), ["m1"]);
    assert_eq!(names("REMOVE_EMPTY([m1, none])"), ["m1"]);
    assert_eq!(names("SEARCH('{N,D} MetricName=\"x\"', 'Sum', 60)"), ["{N,D} MetricName=\"x\"|Sum|Some(60)"]);
    assert_eq!(names("SEARCH(\"{N,D}\", 'p99')"), ["{N,D}|p99|None"]);
    assert_eq!(names("ANOMALY_DETECTION_BAND(m1)"), ["m1 (expected high)", "m1 (expected low)"]);
}

#[test]
fn wrong_expressions_say_why() {
    for (text, reason) in [
        ("", "ends too early"),
        ("m1 +", "ends too early"),
        ("(m1", "`)` is missing"),
        ("m1 m2", "unexpected `m2`"),
        ("m9", "unknown id m9"),
        ("NOPE(m1)", "unsupported function NOPE"),
        ("sum(m1)", "unsupported function sum"),
        ("SUM(m1, m2)", "SUM cannot take these 2 arguments"),
        ("m1 $ 2", "unexpected `$`"),
        ("\"m1", "not closed"),
        ("METRICS() / METRICS()", "two arrays"),
        ("1.2.3", "not a number"),
        ("RATE(1)", "needs a time series"),
        ("FILL(1, 2)", "needs a time series"),
        ("[m1, 2]", "only time series"),
        ("SORT(METRICS(), MEDIAN, ASC)", "not by MEDIAN"),
        ("SORT(METRICS(), SUM, UP)", "not UP"),
        ("SLICE(METRICS(), -1)", "from 0 on"),
        ("TIME_SERIES(m1)", "needs a number"),
        ("IF(METRICS() > 1, 1, 0)", "must be one time series"),
        ("SERVICE_QUOTA(m1)", "usage metric"),
        ("ANOMALY_DETECTION_BAND(m1 + 1 - m2)", "needs the id of a metric"),
        ("INSIGHT_RULE_METRIC('r', Sum)", "rule r does not exist"),
        ("LAMBDA('f')", "data source f"),
        ("DB_PERF_INSIGHTS('RDS', 'db-1', 'os.cpu')", "knows no db-1"),
    ] {
        let error = value(text).unwrap_err();
        assert!(error.contains(reason), "{text}: {error}");
    }
    assert!(value(&"(".repeat(10_000)).unwrap_err().contains("too deeply"));
    assert!(value(&"-".repeat(10_000)).unwrap_err().contains("too deeply"));
}

#[test]
fn ids_and_periods_are_found_wherever_they_stand() {
    let expr =
        parse("SUM([m1, IF(m2 > 1, -m3)]) + SEARCH('a', 'Sum', 300) / SEARCH('b', 'Sum', 60)").unwrap();
    assert_eq!(expr.ids(), ["m1", "m2", "m3"]);
    assert_eq!(expr.searched_period(), Some(60));
}

proptest::proptest! {
    #[test]
    fn no_expression_panics(
        text in "([-+*/^()<>=,.\" 0-9\\[\\]]|m1|m2|FILL|IF|SUM|SORT|SLICE|METRICS|AND|REPEAT|AVG|DESC|RATE){0,24}"
    ) {
        let _ = value(&text);
    }
}
