//! The lines that the log has dropped, as a metric.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;

use crate::runtime::telemetry::DroppedLines;

/// `log_lines_dropped`, for the sub-registry of the process.
#[derive(Debug)]
pub struct LogLines(pub DroppedLines);

impl Collector for LogLines {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        let counter = ConstCounter::new(self.0.count());
        let help = "Lines of the log that were dropped, because standard output was not read in time";
        let metric = encoder.encode_descriptor("log_lines_dropped", help, None, counter.metric_type())?;
        counter.encode(metric)
    }
}
