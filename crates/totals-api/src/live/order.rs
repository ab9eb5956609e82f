//! Campaigns in the order of a number, with a quick way to the hundred-thousandth of them.
//!
//! A page may begin behind any count of campaigns. The standard library's ordered set would walk over all that are skipped:
//! milliseconds with a million, in which no change can be applied. Here the keys are in runs of some hundreds: skipping takes
//! a step for each run, and a key that moves shifts only the keys of two runs.
//!
//! Rejected: `indexset`, the same idea with more features, and with wrong ranges and panics in its history.

use std::borrow::Borrow;
use std::sync::Arc;

use totals_core::domain::CampaignId;

/// A campaign's id, shared by the map and the orders.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SharedId(pub Arc<CampaignId>);

impl From<CampaignId> for SharedId {
    fn from(campaign: CampaignId) -> Self {
        Self(Arc::new(campaign))
    }
}

/// Lets the map be asked with a text, as it stands in a request.
impl Borrow<str> for SharedId {
    fn borrow(&self) -> &str {
        self.0.as_str()
    }
}

/// A campaign's place in an order: its value, and its id among campaigns of the same value.
pub type OrderKey = (i64, SharedId);

/// The most keys in a run: few enough to shift them quickly, and so many that there are few runs. Tests have short runs,
/// which split and join all the time.
const MAX_RUN: usize = if cfg!(test) { 8 } else { 256 };

/// Keys in ascending order.
#[derive(Debug, Default)]
pub struct Order {
    /// No run is empty, and two neighbours together have more keys than half of [`MAX_RUN`].
    runs: Vec<Vec<OrderKey>>,
}

impl Order {
    /// The keys from the least to the greatest. Skipping some, from either end, takes a step for each run of them.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &OrderKey> {
        self.runs.iter().flatten()
    }

    /// How many keys are `before` a place. As in a slice's method of this name, they must be the first ones.
    pub fn partition_point(&self, before: impl Fn(&OrderKey) -> bool) -> usize {
        let last = self.last_run(&before);
        let skipped: usize = self.runs.iter().take(last).map(Vec::len).sum();
        skipped + self.runs.get(last).map_or(0, |run| run.partition_point(before))
    }

    /// Adds a key that is not there.
    pub fn insert(&mut self, key: OrderKey) {
        let number = self.last_run(|other| *other < key);
        let Some(run) = self.runs.get_mut(number) else {
            self.runs.push(vec![key]);
            return;
        };
        run.insert(run.partition_point(|other| *other < key), key);
        if run.len() > MAX_RUN {
            let upper = run.split_off(MAX_RUN / 2);
            self.runs.insert(number + 1, upper);
        }
    }

    /// Takes out a key, if it is there.
    pub fn remove(&mut self, key: &OrderKey) {
        let number = self.last_run(|other| other <= key);
        let Some(run) = self.runs.get_mut(number) else {
            return;
        };
        if let Ok(place) = run.binary_search(key) {
            run.remove(place);
        }
        if run.is_empty() {
            self.runs.remove(number);
        } else {
            self.join(number);
            self.join(number.saturating_sub(1));
        }
    }

    /// The number of the run that holds the last key before a place; 0 if no key is.
    fn last_run(&self, before: impl Fn(&OrderKey) -> bool) -> usize {
        let begin_before = self.runs.partition_point(|run| run.first().is_some_and(&before));
        begin_before.saturating_sub(1)
    }

    /// Joins a run and the next one, if both are small.
    fn join(&mut self, number: usize) {
        let pair = self.runs.get(number..number + 2);
        if pair.is_some_and(|pair| pair[0].len() + pair[1].len() <= MAX_RUN / 2) {
            let upper = self.runs.remove(number + 1);
            self.runs[number].extend(upper);
        }
    }
}

impl FromIterator<OrderKey> for Order {
    fn from_iter<I: IntoIterator<Item = OrderKey>>(keys: I) -> Self {
        let mut keys = Vec::from_iter(keys);
        keys.sort_unstable();
        let mut keys = keys.into_iter().peekable();
        let mut runs = Vec::new();
        while keys.peek().is_some() {
            // With room for more keys.
            let mut run = Vec::with_capacity(MAX_RUN);
            run.extend(keys.by_ref().take(MAX_RUN * 3 / 4));
            runs.push(run);
        }
        Self { runs }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use proptest::prelude::*;

    fn keys() -> impl Strategy<Value = OrderKey> {
        (-3_i64..3, 0..40).prop_map(|(value, id)| {
            (
                value,
                SharedId::from(CampaignId::try_from(format!("c{id}")).unwrap()),
            )
        })
    }

    fn step() -> impl Strategy<Value = (bool, OrderKey)> {
        (any::<bool>(), keys())
    }

    /// Adds a key or takes it out, of the order and of the set that it is compared with.
    fn take((adds, key): (bool, OrderKey), order: &mut Order, set: &mut BTreeSet<OrderKey>) {
        if !adds {
            order.remove(&key);
            set.remove(&key);
        } else if set.insert(key.clone()) {
            order.insert(key);
        }
    }

    proptest! {
        #[test]
        fn keys_are_as_in_a_set_whatever_was_added_and_taken_out(
            first in proptest::collection::btree_set(keys(), 0..60),
            steps in proptest::collection::vec(step(), 0..200),
            place in keys(),
        ) {
            let (mut order, mut set): (Order, BTreeSet<OrderKey>) = (first.iter().rev().cloned().collect(), first);
            for step in steps {
                take(step, &mut order, &mut set);
            }
            prop_assert!(order.keys().eq(&set));
            prop_assert!(order.keys().rev().eq(set.iter().rev()));
            prop_assert_eq!(order.partition_point(|key| *key < place), set.range(..&place).count());
            prop_assert_eq!(order.partition_point(|key| *key <= place), set.range(..=&place).count());
        }

        #[test]
        fn runs_stay_few_however_keys_move(steps in proptest::collection::vec(step(), 0..400)) {
            let mut order = Order::default();
            let mut set = BTreeSet::new();
            for step in steps {
                take(step, &mut order, &mut set);
                let lengths: Vec<_> = order.runs.iter().map(Vec::len).collect();
                prop_assert!(lengths.iter().all(|length| (1..=MAX_RUN).contains(length)), "{:?}", lengths);
                let small = lengths.windows(2).any(|pair| pair[0] + pair[1] <= MAX_RUN / 2);
                prop_assert!(!small, "{:?}", lengths);
            }
        }
    }
}
