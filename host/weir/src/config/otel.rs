//! `OTEL_*`: where calls and metrics are exported to, by the variables that OpenTelemetry specifies.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, bail};

/// The variables that are read. Others of OpenTelemetry's mean nothing here.
pub(super) const NAMES: [&str; 17] = [
    "OTEL_SDK_DISABLED",
    "OTEL_SERVICE_NAME",
    "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_TRACES_EXPORTER",
    "OTEL_TRACES_SAMPLER",
    "OTEL_METRICS_EXPORTER",
    "OTEL_METRIC_EXPORT_INTERVAL",
    "OTEL_BSP_SCHEDULE_DELAY",
    "OTEL_BSP_MAX_QUEUE_SIZE",
    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_EXPORTER_OTLP_TIMEOUT",
    "OTEL_EXPORTER_OTLP_CERTIFICATE",
];

/// What they say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Otel {
    /// Where traces go.
    pub(crate) traces: Option<String>,
    /// Where metrics go.
    pub(crate) metrics: Option<String>,
    /// Headers of each export.
    pub(crate) headers: Vec<(String, String)>,
    /// What this host is called, and more of it.
    pub(crate) resource: BTreeMap<String, String>,
    /// Which calls are exported.
    pub(crate) sampler: Sampler,
    /// How long an export may take.
    pub(crate) timeout: Duration,
    /// How often metrics are exported.
    pub(crate) interval: Duration,
    /// How long spans wait for more of them.
    pub(crate) delay: Duration,
    /// Spans that wait at most.
    pub(crate) queue: usize,
    /// Spans in one export.
    pub(crate) batch: usize,
}

/// Which calls are exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sampler {
    /// All.
    All,
    /// Those whose client samples its trace, or says nothing of one.
    AsTheClientSays,
}

impl Otel {
    /// Reads them. `None`: nothing is exported.
    pub(crate) fn of(given: &BTreeMap<&'static str, String>) -> anyhow::Result<Option<Self>> {
        let text = |name: &str| given.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
        if text("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return Ok(None);
        }
        let sampler = sampler(text("OTEL_TRACES_SAMPLER"))?;
        let traces = endpoint(&text, "TRACES")?.filter(|_| sampler.is_some());
        let metrics = endpoint(&text, "METRICS")?;
        if traces.is_none() && metrics.is_none() {
            return Ok(None);
        }
        if let Some(other) = text("OTEL_EXPORTER_OTLP_PROTOCOL").filter(|protocol| *protocol != "http/protobuf") {
            bail!("OTEL_EXPORTER_OTLP_PROTOCOL {other:?}: http/protobuf is spoken here, and no other");
        }
        if text("OTEL_EXPORTER_OTLP_CERTIFICATE").is_some() {
            bail!(
                "OTEL_EXPORTER_OTLP_CERTIFICATE is not read: put the certificate among those that this system trusts"
            );
        }
        let mut resource = pairs(text("OTEL_RESOURCE_ATTRIBUTES")).context("OTEL_RESOURCE_ATTRIBUTES")?;
        let name = text("OTEL_SERVICE_NAME").map(str::to_owned);
        let named = resource.iter().any(|(known, _)| known == "service.name");
        if name.is_some() || !named {
            resource.push(("service.name".to_owned(), name.unwrap_or_else(|| "weir".to_owned())));
        }
        let millis = |name, usual| number(&text, name, usual).map(Duration::from_millis);
        let count = |name, usual| number(&text, name, usual).map(|count| usize::try_from(count).unwrap_or(usize::MAX));
        Ok(Some(Self {
            traces,
            metrics,
            headers: pairs(text("OTEL_EXPORTER_OTLP_HEADERS")).context("OTEL_EXPORTER_OTLP_HEADERS")?,
            resource: resource.into_iter().collect(),
            sampler: sampler.unwrap_or(Sampler::AsTheClientSays),
            timeout: millis("OTEL_EXPORTER_OTLP_TIMEOUT", 10_000)?,
            interval: millis("OTEL_METRIC_EXPORT_INTERVAL", 60_000)?,
            delay: millis("OTEL_BSP_SCHEDULE_DELAY", 5_000)?,
            queue: count("OTEL_BSP_MAX_QUEUE_SIZE", 2_048)?,
            batch: count("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512)?,
        }))
    }
}

/// Where a signal goes: its own variable says all of it, the common one what stands before its path.
fn endpoint<'t>(text: &impl Fn(&str) -> Option<&'t str>, signal: &str) -> anyhow::Result<Option<String>> {
    match text(&format!("OTEL_{signal}_EXPORTER")) {
        None | Some("otlp") => {}
        Some("none") => return Ok(None),
        Some(other) => bail!("OTEL_{signal}_EXPORTER {other:?}: it is otlp or none"),
    }
    let own = text(&format!("OTEL_EXPORTER_OTLP_{signal}_ENDPOINT")).map(str::to_owned);
    let path = signal.to_ascii_lowercase();
    let common =
        || text("OTEL_EXPORTER_OTLP_ENDPOINT").map(|common| format!("{}/v1/{path}", common.trim_end_matches('/')));
    let Some(url) = own.or_else(common) else { return Ok(None) };
    crate::client::check_scheme(&url).with_context(|| format!("the endpoint of {path} by OTEL_*"))?;
    Ok(Some(url))
}

/// `None`: no call is exported.
fn sampler(named: Option<&str>) -> anyhow::Result<Option<Sampler>> {
    match named {
        None | Some("parentbased_always_on") => Ok(Some(Sampler::AsTheClientSays)),
        Some("always_on") => Ok(Some(Sampler::All)),
        Some("always_off") => Ok(None),
        Some(other) => {
            bail!("OTEL_TRACES_SAMPLER {other:?}: it is parentbased_always_on, always_on or always_off here")
        }
    }
}

fn number<'t>(text: &impl Fn(&str) -> Option<&'t str>, name: &str, usual: u64) -> anyhow::Result<u64> {
    let Some(given) = text(name) else { return Ok(usual) };
    let number = given.parse().ok().filter(|number| *number > 0);
    number.with_context(|| format!("{name} {given:?} is no number above zero"))
}

/// `a=b,c=d`, with `%20` and the like in values.
fn pairs(given: Option<&str>) -> anyhow::Result<Vec<(String, String)>> {
    let pair = |text: &str| {
        let (name, value) = text.split_once('=').with_context(|| format!("{text:?} is not name=value"))?;
        Ok((name.trim().to_owned(), decoded(value.trim()).with_context(|| format!("{text:?} is not percent-encoded"))?))
    };
    let parts = given.unwrap_or_default().split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(pair).collect()
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%' {
            let (digits, after) = after.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
            rest = after;
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(given: &[(&'static str, &str)]) -> anyhow::Result<Option<Otel>> {
        Otel::of(&given.iter().map(|(name, value)| (*name, (*value).to_owned())).collect())
    }

    #[test]
    fn nothing_is_exported_without_an_endpoint_or_where_that_is_said() {
        let to = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
        assert_eq!(of(&[]).unwrap(), None);
        assert_eq!(of(&[("OTEL_SERVICE_NAME", "x")]).unwrap(), None);
        assert_eq!(of(&[to, ("OTEL_SDK_DISABLED", "true")]).unwrap(), None);
        let none = [to, ("OTEL_TRACES_EXPORTER", "none"), ("OTEL_METRICS_EXPORTER", "none")];
        assert_eq!(of(&none).unwrap(), None);
        let no_traces = of(&[to, ("OTEL_TRACES_SAMPLER", "always_off")]).unwrap().unwrap();
        assert_eq!((no_traces.traces, no_traces.metrics.is_some()), (None, true));
    }

    #[test]
    fn an_endpoint_of_a_signal_is_taken_as_it_is_and_the_common_one_gets_its_path() {
        let common = ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector.example/otlp/");
        let own = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces.example/in");
        let otel = of(&[common, own]).unwrap().unwrap();
        assert_eq!(otel.traces.as_deref(), Some("http://traces.example/in"));
        assert_eq!(otel.metrics.as_deref(), Some("https://collector.example/otlp/v1/metrics"));
        assert_eq!((otel.queue, otel.delay), (2_048, Duration::from_secs(5)));
        assert_eq!(otel.resource["service.name"], "weir");
    }

    #[test]
    fn lists_are_read_and_their_values_decoded() {
        let to = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
        let headers = ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20x, x-tenant=a");
        let more =
            [to, headers, ("OTEL_RESOURCE_ATTRIBUTES", "service.name=from-list,zone=a"), ("OTEL_SERVICE_NAME", "n")];
        let otel = of(&more).unwrap().unwrap();
        let expected = [("authorization", "Bearer x"), ("x-tenant", "a")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(otel.headers, expected);
        assert_eq!((&*otel.resource["service.name"], &*otel.resource["zone"]), ("n", "a"));
    }

    #[test]
    fn what_cannot_be_done_is_refused_by_name() {
        let to = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
        for (name, value) in [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_TRACES_EXPORTER", "zipkin"),
            ("OTEL_TRACES_SAMPLER", "traceidratio"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a"),
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/x.pem"),
        ] {
            let error = of(&[to, (name, value)]).unwrap_err();
            assert!(format!("{error:#}").contains(name), "{name}: {error:#}");
        }
        assert!(of(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318")]).is_err());
    }
}
