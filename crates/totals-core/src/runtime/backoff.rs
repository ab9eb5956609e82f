//! Waiting longer after each failure. A random share of each pause keeps lanes and workers that failed together from
//! trying again together.

use std::time::Duration;

/// Exponential backoff with jitter.
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
}

impl Backoff {
    /// Waits up to `first` after the first failure, twice as long after each further one, and at most `longest`.
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            longest,
            failures: 0,
        }
    }

    /// How many failures there were in a row.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Returns true if the latest failure is worth a line in the log: the first, the second, the fourth, the eighth and
    /// so on.
    pub fn is_worth_a_line(&self) -> bool {
        self.failures.is_power_of_two()
    }

    /// Counts a failure and says how long to wait.
    pub fn next_delay(&mut self) -> Duration {
        let doublings = self.failures.min(20);
        self.failures += 1;
        let most = self.first.saturating_mul(1 << doublings).min(self.longest);
        most.mul_f64(rand::random_range(0.5..=1.0))
    }

    /// Starts over after a success.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_longest_and_start_over() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        for most in [100, 200, 400, 800, 1000, 1000] {
            let delay = backoff.next_delay();
            assert!(
                (Duration::from_millis(most / 2)..=Duration::from_millis(most)).contains(&delay),
                "{delay:?}"
            );
        }
        assert_eq!(backoff.failures(), 6);
        backoff.reset();
        assert!(backoff.next_delay() <= Duration::from_millis(100));
    }
}
