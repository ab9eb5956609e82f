//! What a scrape of `/metrics` finds: what was counted, and the state of the process at that moment.
//!
//! It has a port of its own (`METRICS_PORT`), which nobody needs to publish.

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::get;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeGaugeValue, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use totals_core::runtime::metrics::{self, LogLines};
use totals_core::runtime::telemetry::DroppedLines;

use crate::metrics::{ReadOutcome, RouteMetrics};
use crate::state::AppState;

/// The routes of the metrics' own server.
pub fn router(state: Arc<AppState>, dropped: DroppedLines) -> Router {
    let mut registry = metrics::registry();
    let all = registry.sub_registry_with_prefix("totals_api");
    let help =
        "Time from a change's lastUpdated, which the worker sets just before the commit, until memory has it";
    let shown = state.metrics.commit_to_shown.clone();
    all.register("commit_to_shown_seconds", help, shown);
    all.register_collector(Box::new(LogLines(dropped)));
    all.register_collector(Box::new(Figures(state)));
    let registry = Arc::new(registry);
    let scrape = async move |request: HeaderMap| metrics::answer(&registry, &request);
    Router::new().route("/metrics", get(scrape))
}

/// What the state tells when it is asked.
struct Figures(Arc<AppState>);

impl fmt::Debug for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Figures")
    }
}

impl Collector for Figures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let (all, state) = (&mut encoder, &self.0);
        requests(all, state.metrics.routes())?;
        durations(all, state.metrics.routes())?;
        let help = "Reads of the database, by what became of them";
        let mut reads = all.encode_descriptor("database_reads", help, None, MetricType::Counter)?;
        for (outcome, label) in ReadOutcome::ALL {
            let count = ConstCounter::new(state.metrics.reads(outcome));
            count.encode(reads.encode_family(&[("outcome", label)])?)?;
        }
        let live = state.live.health();
        let help = "Event streams open; one of several campaigns counts for each";
        gauge(all, "streams", help, live.streams)?;
        let help = "Event streams that may be open: MAX_STREAMS";
        gauge(all, "max_streams", help, state.live.max_streams())?;
        gauge(all, "campaigns", "Campaigns in memory", live.campaigns)?;
        let help = "1 while reads are answered from memory, else 0";
        gauge(all, "current", help, usize::from(live.current))?;
        let help = "Time since the database last proved that memory lacks nothing; of the process's life, if it never did";
        let heard = state.live.heard().as_secs_f64();
        gauge(all, "database_heard_seconds", help, heard)
    }
}

fn requests(all: &mut DescriptorEncoder<'_>, routes: &[RouteMetrics]) -> fmt::Result {
    let help =
        "Requests, by route, method and status; status none is of clients that hung up before the answer";
    let mut requests = all.encode_descriptor("http_requests", help, None, MetricType::Counter)?;
    for route in routes {
        for (method, status, count) in route.requests() {
            let labels = [("route", route.route()), ("method", method), ("status", status)];
            ConstCounter::new(count).encode(requests.encode_family(&labels)?)?;
        }
    }
    Ok(())
}

fn durations(all: &mut DescriptorEncoder<'_>, routes: &[RouteMetrics]) -> fmt::Result {
    let help = "Time from a request's head to its answer's head, by route";
    let kind = MetricType::Histogram;
    let mut seconds = all.encode_descriptor("http_request_duration_seconds", help, None, kind)?;
    for route in routes {
        let took = route.durations();
        seconds
            .encode_family(&[("route", route.route())])?
            .encode_histogram::<NoLabelSet>(took.sum, took.count, &took.buckets, None)?;
    }
    Ok(())
}

fn gauge(
    all: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    value: impl EncodeGaugeValue,
) -> fmt::Result {
    let gauge = ConstGauge::new(value);
    gauge.encode(all.encode_descriptor(name, help, None, gauge.metric_type())?)
}
