//! How fast workers empty a queue that was filled before.

use std::time::Duration;

use futures::future::join_all;
use harness::Process;
use tokio::time::{Instant, sleep};

/// Between two looks at their metrics.
const LOOK: Duration = Duration::from_millis(10);

/// Messages a second of workers that are just starting, by their own counts of what was committed, from the first commit
/// that was seen to the last.
pub async fn pace(workers: &[Process], messages: u32) -> f64 {
    let mut first: Option<(f64, Instant)> = None;
    loop {
        let metrics = join_all(workers.iter().map(|worker| worker.text("/metrics"))).await;
        let (seen, now): (f64, _) = (
            metrics.iter().map(|metrics| committed(metrics)).sum(),
            Instant::now(),
        );
        match first {
            None if seen > 0.0 => first = Some((seen, now)),
            Some((before, since)) if seen >= f64::from(messages) => {
                assert!(
                    seen > before,
                    "{messages} messages are too few to see them drained"
                );
                return (seen - before) / (now - since).as_secs_f64();
            }
            _ => sleep(LOOK).await,
        }
    }
}

/// The sum of the events of all types that were applied or were duplicates.
fn committed(metrics: &str) -> f64 {
    let lines = metrics
        .lines()
        .filter(|line| line.starts_with("totals_worker_events_total{"));
    let counts = lines.map(|line| {
        assert!(
            !line.contains("dead_lettered"),
            "a bench has no dead letters: {line}"
        );
        line.rsplit_once(' ')
            .and_then(|(_, count)| count.parse::<f64>().ok())
            .expect("a count")
    });
    counts.sum()
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "every value is exact")]
mod tests {
    use super::*;

    #[test]
    fn all_types_of_events_are_counted_together() {
        let metrics = "# TYPE totals_worker_events counter\n\
                       totals_worker_events_total{type=\"donation.created\",outcome=\"applied\"} 40\n\
                       totals_worker_events_total{type=\"donation.created\",outcome=\"duplicate\"} 2\n\
                       totals_worker_batch_size_events_count 7\n";
        assert_eq!(committed(metrics), 42.0);
    }
}
