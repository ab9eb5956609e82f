//! What many rounds come to.
//!
//! One round on a shared machine says little: something else may have run in it. So whatever is compared takes turns
//! (A B A B …), and each figure is the median of its rounds beside the least and the greatest. A ratio is taken round by
//! round, of rounds of the same turn, before its median.

use serde::{Deserialize, Serialize};

/// A quantile is shown if so many values lie beyond it.
const BEYOND: f64 = 10.0;

/// The rounds of one figure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    pub median: f64,
    pub min: f64,
    pub max: f64,
}

impl Spread {
    /// The spread of these rounds, of which there is at least one.
    pub fn of(rounds: impl IntoIterator<Item = f64>) -> Self {
        let sorted = sorted(rounds);
        Self {
            median: quantile(&sorted, 0.5),
            min: sorted[0],
            max: sorted[sorted.len() - 1],
        }
    }

    /// The spread of the ratios of rounds that took turns.
    pub fn of_ratios(rounds: &[f64], baseline: &[f64]) -> Self {
        Self::of(rounds.iter().zip(baseline).map(|(ours, theirs)| ours / theirs))
    }
}

/// These values in order, for [`quantile`].
pub fn sorted(values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_unstable_by(f64::total_cmp);
    values
}

/// The least of these sorted values that at least `share` of them do not exceed.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a rank among as many values as fit into memory"
)]
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted[rank.clamp(1, sorted.len()) - 1]
}

/// Returns true if so many values are enough for a quantile. Medians of what takes seconds are shown of fewer.
#[expect(clippy::cast_precision_loss, reason = "as many as fit into memory")]
pub fn is_enough(values: usize, share: f64) -> bool {
    values as f64 * (1.0 - share) >= BEYOND - 1e-6
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "every value is exact")]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_the_middle_round_and_both_ends() {
        let spread = Spread::of([5.0, 1.0, 3.0, 2.0, 4.0]);
        assert_eq!((spread.median, spread.min, spread.max), (3.0, 1.0, 5.0));
    }

    #[test]
    fn a_ratio_is_taken_within_its_own_round() {
        // A machine that was half as fast in the second round.
        let ratio = Spread::of_ratios(&[90.0, 45.0, 90.0], &[100.0, 50.0, 100.0]);
        assert_eq!((ratio.median, ratio.min, ratio.max), (0.9, 0.9, 0.9));
    }

    #[test]
    fn a_quantile_is_a_value_that_was_seen() {
        let values = sorted((1..=1000).rev().map(f64::from));
        assert_eq!(quantile(&values, 0.5), 500.0);
        assert_eq!(quantile(&values, 0.99), 990.0);
        assert_eq!(quantile(&values, 0.999), 999.0);
        assert_eq!(quantile(&values, 1.0), 1000.0);
        assert_eq!(quantile(&[7.0], 0.0), 7.0);
    }

    #[test]
    fn a_quantile_needs_ten_values_beyond_it() {
        assert!(is_enough(1_000, 0.99) && !is_enough(999, 0.99));
        assert!(is_enough(10_000, 0.999) && !is_enough(1_000, 0.999));
        assert!(is_enough(20, 0.5));
    }
}
