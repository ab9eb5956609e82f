//! Campaigns in the order of a number, with a quick way to the hundred-thousandth of them.
//!
//! A page may begin behind any count of campaigns. In the standard library's ordered set that is a walk over all that
//! is skipped, milliseconds of a million, and no change can be taken in meanwhile. Here the keys are in runs of some
//! hundreds: skipping is a step for each run, and a key that moves shifts only those of two runs. That is all there is
//! to it, which is why it is not `indexset`: the same idea with more to it, and with ranges that were wrong and panics
//! in its history.

use std::borrow::Borrow;
use std::sync::Arc;

use totals_core::domain::CampaignId;

/// A campaign's id, shared by the map and the orders.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub Arc<CampaignId>);

impl From<CampaignId> for Id {
    fn from(campaign: CampaignId) -> Self {
        Self(Arc::new(campaign))
    }
}

/// So that the map is asked with a text, as it stands in a request.
impl Borrow<str> for Id {
    fn borrow(&self) -> &str {
        self.0.as_str()
    }
}

/// A campaign's place: what the order is by, and for those that are equal in it, the id.
pub type Key = (i64, Id);

/// The most keys in a run: so few that shifting them is quick, so many that runs are few. In tests runs are short, so that
/// they part and join all the time.
const MOST: usize = if cfg!(test) { 8 } else { 256 };

/// Keys in ascending order.
#[derive(Debug, Default)]
pub struct Order {
    /// None is empty, and two neighbours together are more than half of [`MOST`].
    runs: Vec<Vec<Key>>,
}

impl Order {
    /// The keys from the least to the greatest. Skipping some, from either end, takes a step for each run of them.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &Key> {
        self.runs.iter().flatten()
    }

    /// How many keys there are up to a place: those that are `before` it, which are all the lesser ones and no other.
    pub fn count(&self, before: impl Fn(&Key) -> bool) -> usize {
        let last = self.last_run(&before);
        let skipped: usize = self.runs.iter().take(last).map(Vec::len).sum();
        skipped + self.runs.get(last).map_or(0, |run| run.partition_point(before))
    }

    /// Adds a key that is not there.
    pub fn insert(&mut self, key: Key) {
        let number = self.last_run(|other| *other < key);
        let Some(run) = self.runs.get_mut(number) else {
            self.runs.push(vec![key]);
            return;
        };
        run.insert(run.partition_point(|other| *other < key), key);
        if run.len() > MOST {
            let upper = run.split_off(MOST / 2);
            self.runs.insert(number + 1, upper);
        }
    }

    /// Takes out a key, if it is there.
    pub fn remove(&mut self, key: &Key) {
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

    /// The run in which the last key before a place is, or the first one.
    fn last_run(&self, before: impl Fn(&Key) -> bool) -> usize {
        let begin_before = self.runs.partition_point(|run| run.first().is_some_and(&before));
        begin_before.saturating_sub(1)
    }

    /// Makes one of a run and the next, if they are small.
    fn join(&mut self, number: usize) {
        let pair = self.runs.get(number..number + 2);
        if pair.is_some_and(|pair| pair[0].len() + pair[1].len() <= MOST / 2) {
            let upper = self.runs.remove(number + 1);
            self.runs[number].extend(upper);
        }
    }
}

impl FromIterator<Key> for Order {
    fn from_iter<I: IntoIterator<Item = Key>>(keys: I) -> Self {
        let mut keys = Vec::from_iter(keys);
        keys.sort_unstable();
        let mut keys = keys.into_iter().peekable();
        let mut runs = Vec::new();
        while keys.peek().is_some() {
            // With room for some more.
            let mut run = Vec::with_capacity(MOST);
            run.extend(keys.by_ref().take(MOST * 3 / 4));
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

    fn keys() -> impl Strategy<Value = Key> {
        (-3_i64..3, 0..40)
            .prop_map(|(value, id)| (value, Id::from(CampaignId::try_from(format!("c{id}")).unwrap())))
    }

    fn step() -> impl Strategy<Value = (bool, Key)> {
        (any::<bool>(), keys())
    }

    /// Adds a key or takes it out, of the order and of the set that it is compared with.
    fn take((adds, key): (bool, Key), order: &mut Order, set: &mut BTreeSet<Key>) {
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
            let (mut order, mut set): (Order, BTreeSet<Key>) = (first.iter().rev().cloned().collect(), first);
            for step in steps {
                take(step, &mut order, &mut set);
            }
            prop_assert!(order.keys().eq(&set));
            prop_assert!(order.keys().rev().eq(set.iter().rev()));
            prop_assert_eq!(order.count(|key| *key < place), set.range(..&place).count());
            prop_assert_eq!(order.count(|key| *key <= place), set.range(..=&place).count());
        }

        #[test]
        fn runs_stay_few_however_keys_move(steps in proptest::collection::vec(step(), 0..400)) {
            let mut order = Order::default();
            let mut set = BTreeSet::new();
            for step in steps {
                take(step, &mut order, &mut set);
                let lengths: Vec<_> = order.runs.iter().map(Vec::len).collect();
                prop_assert!(lengths.iter().all(|length| (1..=MOST).contains(length)), "{:?}", lengths);
                let small = lengths.windows(2).any(|pair| pair[0] + pair[1] <= MOST / 2);
                prop_assert!(!small, "{:?}", lengths);
            }
        }
    }
}
