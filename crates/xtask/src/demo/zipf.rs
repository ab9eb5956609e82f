//! Few are chosen often, and many rarely: the law by which both campaigns and donors differ.

use rand::RngExt as _;
use rand::rngs::StdRng;

/// Places 0, 1, 2 … of which the n-th is chosen in proportion to 1 / n^exponent.
pub struct Zipf {
    /// The sums of the weights up to each place.
    sums: Vec<f64>,
}

impl Zipf {
    /// Of so many places, at least one.
    pub fn new(places: usize, exponent: f64) -> Self {
        let mut sum = 0.0;
        let weights = std::iter::successors(Some(1.0), |place| Some(place + 1.0));
        let sums = weights.take(places).map(|place: f64| {
            sum += place.powf(-exponent);
            sum
        });
        Self { sums: sums.collect() }
    }

    /// A place.
    pub fn draw(&self, random: &mut StdRng) -> usize {
        let chosen = random.random_range(0.0..self.sums.last().copied().unwrap_or(1.0));
        self.sums.partition_point(|sum| *sum <= chosen)
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn the_first_place_is_chosen_twice_as_often_as_the_second() {
        let zipf = Zipf::new(3, 1.0);
        let mut random = StdRng::seed_from_u64(1);
        let mut counts = [0_u32; 3];
        for _ in 0..11_000 {
            counts[zipf.draw(&mut random)] += 1;
        }
        for (count, expected) in counts.into_iter().zip([6_000, 3_000, 2_000]) {
            assert!(count.abs_diff(expected) < 300, "{counts:?}");
        }
    }
}
