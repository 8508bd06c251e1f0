//! Metrics that the scenario gives itself: a base, noise, steps, silence, and strain by a broken side.
//!
//! A gauge wins over what the request stream would say of the same metric.

use super::World;
use super::hash::Dice;
use super::metrics::Source;
use super::spec::GaugeSpec;
use super::traffic::MINUTE;
use super::types::Metric;

impl World {
    /// The gauge of a metric, if the scenario has one.
    pub(super) fn gauge(&self, metric: &Metric) -> Option<Source<'_>> {
        let gauge = self.scenario.gauges.iter().find(|gauge| gauge.matches(metric))?;
        let mut dice = self.dice.named(&gauge.namespace).named(&gauge.metric);
        for (_, value) in &gauge.dimensions {
            dice = dice.named(value);
        }
        Some(Source::Gauge(gauge, dice))
    }

    /// Its value in a minute; none while it is silent.
    pub(super) fn gauge_value(&self, gauge: &GaugeSpec, dice: Dice, minute: i64) -> Option<f64> {
        let ms = minute * MINUTE;
        if gauge.silent.is_some_and(|silent| ms >= self.start + silent.0) {
            return None;
        }
        let steps = gauge.steps.iter().filter(|(at, _)| self.start + at.0 <= ms);
        let base = steps.max_by_key(|(at, _)| *at).map_or(gauge.base, |(_, value)| *value);
        let mut value = base + gauge.spread * dice.on(minute as u64).swing();
        if let Some(strain) = &gauge.strain
            && let Some((_, stream)) = self.find_service(strain.service.get_ref())
        {
            let minutes = i64::from(strain.minutes.max(1));
            let share = |back: i64| stream.course.broken_share((minute - back) * MINUTE + MINUTE / 2);
            let mean = (0..minutes).map(share).sum::<f64>() / minutes as f64;
            value = (value + strain.add * mean).min(strain.cap);
        }
        // Counts are whole; rates and percentages keep their fraction.
        Some(if gauge.spread >= 1.0 || gauge.spread == 0.0 { value.round().max(0.0) } else { value })
    }
}

impl GaugeSpec {
    /// Its metric.
    pub(super) fn identity(&self) -> Metric {
        let dimensions: Vec<(&str, &str)> =
            self.dimensions.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Metric::new(&self.namespace, &self.metric, &dimensions)
    }

    pub(super) fn matches(&self, metric: &Metric) -> bool {
        self.namespace == metric.namespace
            && self.metric == metric.name
            && self.dimensions.len() == metric.dimensions.len()
            && self.dimensions.iter().all(|(name, value)| metric.dimension(name) == Some(value))
    }

    /// Whether it is the gauge with this namespace, name and value of the first dimension.
    pub(super) fn is(&self, namespace: &str, metric: &str, value: &str) -> bool {
        self.namespace == namespace
            && self.metric == metric
            && self.dimensions.first().is_some_and(|(_, known)| known == value)
    }
}
