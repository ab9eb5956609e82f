//! Who gives, and how much.

use rand::RngExt as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::zipf::Zipf;

/// So many people give more than once; a few of them often.
const REGULARS: usize = 3_000;

const GUESTS: f64 = 0.2;
const ANONYMOUS: f64 = 0.25;

/// Donations that also cover the fee of the payment, and so are no round amount.
const COVER_THE_FEE: f64 = 0.2;
const FEE_PERCENT: i64 = 3;

/// What forms suggest, and how often it is chosen of a hundred times.
const SUGGESTED: [(i64, u32); 12] = [
    (500, 9),
    (1_000, 19),
    (1_500, 7),
    (2_000, 14),
    (2_500, 18),
    (3_000, 5),
    (5_000, 14),
    (7_500, 3),
    (10_000, 7),
    (15_000, 2),
    (25_000, 1),
    (50_000, 1),
];

/// A large gift, which is rare.
const LARGE: f64 = 0.003;
const LARGE_GIFTS: [i64; 4] = [100_000, 150_000, 250_000, 500_000];

const NAMES: [&str; 40] = [
    "Amina Yusuf",
    "Lukas Weber",
    "佐藤 美咲",
    "María Fernández",
    "Oluwaseun Adeyemi",
    "فاطمة الزهراء",
    "Chloé Martin",
    "Priya Sharma",
    "Noah Williams",
    "Олена Шевченко",
    "João Pereira",
    "김서연",
    "Wanjiku Kamau",
    "Mehmet Yılmaz",
    "דנה לוי",
    "Sofia Rossi",
    "王小明",
    "Emma Johansson",
    "Tendai Moyo",
    "Kowhai Ngata",
    "রফিকুল ইসলাম",
    "Grace O’Connor",
    "Đặng Thị Mai",
    "خالد منصور",
    "Zofia Kowalska",
    "Mateo González",
    "Ayşe Demir",
    "Thabo Nkosi",
    "Leilani Kahale",
    "Ravi Iyer",
    "Ingrid Sæther",
    "Jean-Baptiste Nguema",
    "Anika Patel",
    "Tomáš Novák",
    "Søren Kjær",
    "Halima Abdi",
    "Björk Jónsdóttir",
    "Γιώργος Παππάς",
    "Ana Petrović",
    "Siti Rahmawati",
];

/// The people who give.
pub struct Donors(Zipf);

/// One gift: by whom, and how much.
pub struct Gift {
    /// In hundredths.
    pub amount: i64,
    donor: usize,
    is_guest: bool,
    is_anonymous: bool,
}

impl Donors {
    pub fn new() -> Self {
        Self(Zipf::new(REGULARS, 0.6))
    }

    /// The next gift.
    pub fn gift(&self, random: &mut StdRng) -> Gift {
        Gift {
            donor: self.0.draw(random),
            is_guest: random.random_bool(GUESTS),
            is_anonymous: random.random_bool(ANONYMOUS),
            amount: amount(random),
        }
    }
}

impl Gift {
    /// What a donation's event says of its donor.
    pub fn describe(&self, payload: &mut Value) {
        if !self.is_guest {
            payload["donorId"] = json!(format!("demo-donor-{}", self.donor));
        }
        if !self.is_anonymous {
            payload["donorName"] = json!(NAMES[self.donor % NAMES.len()]);
        }
        payload["isAnonymous"] = json!(self.is_anonymous);
        payload["isGuest"] = json!(self.is_guest);
    }
}

fn amount(random: &mut StdRng) -> i64 {
    if random.random_bool(LARGE) {
        return LARGE_GIFTS[random.random_range(0..LARGE_GIFTS.len())];
    }
    let mut chance = random.random_range(0..100);
    let amount = SUGGESTED.iter().find_map(|(amount, share)| {
        let chosen = chance < *share;
        chance = chance.saturating_sub(*share);
        chosen.then_some(*amount)
    });
    // The shares add up to 100, so there always is one.
    let amount = amount.unwrap_or(SUGGESTED[0].0);
    if random.random_bool(COVER_THE_FEE) {
        amount + amount * FEE_PERCENT / 100
    } else {
        amount
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn amounts_are_those_of_forms_with_a_few_odd_and_large_ones() {
        assert_eq!(SUGGESTED.iter().map(|(_, share)| share).sum::<u32>(), 100);
        let mut random = StdRng::seed_from_u64(1);
        let mut amounts: Vec<_> = (0..10_000).map(|_| amount(&mut random)).collect();
        amounts.sort_unstable();
        assert_eq!(amounts[5_000], 2_500);
        assert_eq!((amounts[0], amounts[9_999]), (500, 500_000));
        let odd = amounts.iter().filter(|amount| *amount % 100 != 0).count();
        assert!((1_000..2_500).contains(&odd), "{odd}");
    }
}
