//! What the process takes of its machine, under the names that every Prometheus client uses.
//!
//! Linux tells most of it in `/proc`; elsewhere those figures are left out. Rejected: the crate `procfs`, which does not build
//! on other systems and parses far more than the four files that are looked at here.

use std::fs::{read_dir, read_to_string};
use std::time::{Duration, SystemTime};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeGaugeValue, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};

/// The figures, asked for at each scrape.
#[derive(Debug)]
pub struct ProcessFigures {
    started: SystemTime,
}

impl ProcessFigures {
    /// To be called when the process starts.
    pub fn of_this_process() -> Self {
        Self {
            started: SystemTime::now(),
        }
    }
}

impl Collector for ProcessFigures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        let all = &mut encoder;
        let help = "User and system CPU time spent in seconds";
        let cpu = ConstCounter::new(cpu_time().as_secs_f64());
        cpu.encode(all.encode_descriptor("process_cpu_seconds", help, None, cpu.metric_type())?)?;
        let help = "Resident memory size in bytes";
        gauge(all, "process_resident_memory_bytes", help, resident_bytes())?;
        let help = "Number of open file descriptors";
        gauge(all, "process_open_fds", help, open_files())?;
        let help = "Maximum number of open file descriptors";
        gauge(all, "process_max_fds", help, getrlimit(Resource::Nofile).current)?;
        let help = "Number of OS threads";
        gauge(all, "process_threads", help, entries("/proc/self/task"))?;
        let started = self.started.duration_since(SystemTime::UNIX_EPOCH).ok();
        let help = "Start time of the process since the Unix epoch in seconds";
        let started = started.map(|started| started.as_secs_f64());
        gauge(all, "process_start_time_seconds", help, started)
    }
}

/// Writes a gauge, if its value is known.
fn gauge(
    all: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    value: Option<impl EncodeGaugeValue>,
) -> std::fmt::Result {
    let Some(gauge) = value.map(ConstGauge::new) else {
        return Ok(());
    };
    gauge.encode(all.encode_descriptor(name, help, None, gauge.metric_type())?)
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let whole = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(whole, u32::try_from(time.tv_nsec).unwrap_or_default())
}

fn resident_bytes() -> Option<u64> {
    let pages = read_to_string("/proc/self/statm").ok()?;
    let resident: u64 = pages.split_whitespace().nth(1)?.parse().ok()?;
    Some(resident * rustix::param::page_size() as u64)
}

fn open_files() -> Option<u64> {
    // To look at them takes one more.
    entries("/proc/self/fd").map(|count| count.saturating_sub(1))
}

fn entries(directory: &str) -> Option<u64> {
    Some(read_dir(directory).ok()?.count() as u64)
}
