//! In which order the events go out, and which of them twice. The same arguments give the same order.

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::{SliceRandom, index};

/// Indices of the events in the order of publication: each once, and `percent` % of them a second time at
/// random places. With a `shuffle` seed the whole is in random order; without one the first
/// appearances keep theirs.
pub fn plan(events: usize, shuffle: Option<u64>, percent: u8) -> Vec<usize> {
    let mut random = StdRng::seed_from_u64(shuffle.unwrap_or_default());
    let duplicates = events * usize::from(percent) / 100;
    let repeated = index::sample(&mut random, events, duplicates);
    if shuffle.is_some() {
        let mut order: Vec<usize> = (0..events).chain(repeated).collect();
        order.shuffle(&mut random);
        return order;
    }
    // Each place among the final ones is equally likely to hold a duplicate.
    let mut is_duplicate = vec![false; events + duplicates];
    for place in index::sample(&mut random, events + duplicates, duplicates) {
        is_duplicate[place] = true;
    }
    let (mut firsts, mut repeated) = (0..events, repeated.into_iter());
    let next = |duplicate| if duplicate { repeated.next() } else { firsts.next() };
    is_duplicate.into_iter().filter_map(next).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(order: &[usize], event: usize) -> usize {
        order.iter().filter(|&&other| other == event).count()
    }

    #[test]
    fn without_options_the_order_is_that_of_the_file() {
        assert_eq!(plan(5, None, 0), [0, 1, 2, 3, 4]);
        assert_eq!(plan(0, Some(1), 50), [0; 0]);
    }

    #[test]
    fn the_same_seed_gives_the_same_shuffle_and_another_seed_another() {
        assert_eq!(plan(1000, Some(7), 10), plan(1000, Some(7), 10));
        assert_ne!(plan(1000, Some(7), 0), plan(1000, Some(8), 0));
    }

    #[test]
    fn exactly_the_percentage_goes_out_twice_and_nothing_is_lost() {
        for shuffle in [None, Some(3)] {
            for (percent, twice) in [(0, 0), (50, 100), (1, 2), (100, 200)] {
                let order = plan(200, shuffle, percent);
                assert_eq!(order.len(), 200 + twice);
                assert_eq!((0..200).filter(|&event| count(&order, event) == 2).count(), twice);
                assert!((0..200).all(|event| count(&order, event) >= 1));
            }
        }
    }

    #[test]
    fn duplicates_are_spread_over_the_whole_stream() {
        let order = plan(1000, None, 20);
        let out_of_order = |half: &[usize]| half.windows(2).filter(|pair| pair[1] != pair[0] + 1).count();
        let (first, second) = order.split_at(600);
        assert!(out_of_order(first) > 40 && out_of_order(second) > 40);
    }
}
