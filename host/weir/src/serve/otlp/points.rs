//! What `/metrics` has, as OTLP's points: sums since the start, by the same names.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, Sum,
};
use types::{BOUNDARIES_US, Distribution, Timestamp};

use super::messages::{nanos, text};
use crate::serve::metrics::{Labels, Page};

/// Metrics at a moment.
pub(super) struct Points {
    started: u64,
    at: u64,
    metrics: Vec<Metric>,
}

impl Points {
    /// Counted since `started`, as of `at`.
    pub(super) fn new(started: Timestamp, at: Timestamp) -> Self {
        Self { started: nanos(started), at: nanos(at), metrics: Vec::new() }
    }

    pub(super) fn finish(self) -> Vec<Metric> {
        self.metrics
    }

    fn put(&mut self, name: &str, help: &str, data: Data) {
        let (name, description) = (name.to_owned(), help.to_owned());
        let unit = if name.ends_with("_seconds") { "s" } else { "1" };
        self.metrics.push(Metric { name, description, unit: unit.to_owned(), data: Some(data), ..Metric::default() });
    }

    fn numbers<'a>(&self, rows: impl IntoIterator<Item = (Labels<'a>, u64)>) -> Vec<NumberDataPoint> {
        let point = |(labels, value): (Labels<'_>, u64)| NumberDataPoint {
            attributes: attributes(&labels),
            start_time_unix_nano: self.started,
            time_unix_nano: self.at,
            value: Some(Value::AsInt(i64::try_from(value).unwrap_or(i64::MAX))),
            ..NumberDataPoint::default()
        };
        rows.into_iter().map(point).collect()
    }
}

impl Page for Points {
    fn counter<'a>(
        &mut self,
        name: &'static str,
        help: &'static str,
        rows: impl IntoIterator<Item = (Labels<'a>, u64)>,
    ) {
        let data_points = self.numbers(rows);
        let aggregation_temporality = AggregationTemporality::Cumulative.into();
        self.put(name, help, Data::Sum(Sum { data_points, aggregation_temporality, is_monotonic: true }));
    }

    fn gauge<'a>(&mut self, name: &'static str, help: &'static str, rows: impl IntoIterator<Item = (Labels<'a>, u64)>) {
        let data_points = self.numbers(rows);
        self.put(name, help, Data::Gauge(Gauge { data_points }));
    }

    fn histogram<'a>(
        &mut self,
        name: &'static str,
        help: &'static str,
        rows: impl IntoIterator<Item = (Labels<'a>, Distribution)>,
    ) {
        let point = |(labels, times): (Labels<'_>, Distribution)| HistogramDataPoint {
            attributes: attributes(&labels),
            start_time_unix_nano: self.started,
            time_unix_nano: self.at,
            count: times.count(),
            sum: Some(seconds(times.sum_us)),
            bucket_counts: times.buckets.to_vec(),
            explicit_bounds: BOUNDARIES_US.map(seconds).to_vec(),
            ..HistogramDataPoint::default()
        };
        let data_points = rows.into_iter().map(point).collect();
        let aggregation_temporality = AggregationTemporality::Cumulative.into();
        self.put(name, help, Data::Histogram(Histogram { data_points, aggregation_temporality }));
    }
}

fn attributes(labels: &Labels<'_>) -> Vec<KeyValue> {
    labels.iter().map(|(name, value)| text(name, *value)).collect()
}

fn seconds(us: u64) -> f64 {
    std::time::Duration::from_micros(us).as_secs_f64()
}
