//! How many messages are ready in a queue, as a metric that is left out while nobody knows.

use std::sync::Arc;

use parking_lot::Mutex;
use prometheus_client::encoding::{EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;

/// The length of a queue, or that it is not known. All clones show the same.
#[derive(Debug, Clone, Default)]
pub struct QueueLength(Arc<Mutex<Option<u32>>>);

impl QueueLength {
    /// From here on this is the length.
    pub fn set(&self, length: Option<u32>) {
        *self.0.lock() = length;
    }
}

impl EncodeMetric for QueueLength {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> std::fmt::Result {
        match *self.0.lock() {
            Some(length) => encoder.encode_gauge(&length),
            None => Ok(()),
        }
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Gauge
    }

    fn is_empty(&self) -> bool {
        self.0.lock().is_none()
    }
}
