//! Memory against a plain model: the history of some campaigns, a stream that hands over its changes late or loses
//! some, reads of one campaign that are told late, and loads that show any moment they may.

mod world;

use proptest::prelude::*;
use totals_core::store::{CampaignTotals, Position, SortBy, SortOrder, Start};

use self::world::{CAMPAIGNS, Step, World, id};
use super::*;

fn step() -> impl Strategy<Value = Step> {
    let campaign = || 0..CAMPAIGNS;
    prop_oneof![
        8 => (campaign(), proptest::option::of(campaign())).prop_map(|(one, other)| Step::Donate(one, other)),
        2 => (campaign(), any::<bool>()).prop_map(|(campaign, named)| Step::Title(campaign, named)),
        2 => campaign().prop_map(Step::Remove),
        1 => campaign().prop_map(Step::Scribble),
        10 => Just(Step::HandOver),
        1 => Just(Step::Begin),
        4 => Just(Step::Load),
        5 => any::<u8>().prop_map(Step::LoadEnds),
        1 => Just(Step::LoadFails),
        2 => (campaign(), any::<u8>()).prop_map(|(campaign, share)| Step::Read(campaign, share)),
        2 => Just(Step::Tell),
    ]
}

/// Any page, from an offset or behind a place where there may be nobody.
fn pages() -> impl Strategy<Value = Page> {
    let start = prop_oneof![
        (0..7_u32).prop_map(Start::Offset),
        (-1..400_i64, 0..CAMPAIGNS).prop_map(|(value, campaign)| {
            let campaign = id(campaign);
            Start::After(Position { value, campaign })
        }),
        (-1..3_i64, 0..CAMPAIGNS).prop_map(|(value, campaign)| {
            let campaign = id(campaign);
            Start::After(Position { value, campaign })
        }),
    ];
    let orders = prop_oneof![Just(SortOrder::Ascending), Just(SortOrder::Descending)];
    (1..5_u32, start, proptest::sample::select(&SortBy::ALL), orders).prop_map(
        |(limit, start, sort_by, order)| Page {
            limit,
            start,
            sort_by,
            order,
        },
    )
}

/// The page as anyone would find it in all campaigns.
fn found(page: &Page, mut campaigns: Vec<CampaignTotals>) -> Listing {
    let place = |totals: &CampaignTotals| (page.sort_by.value(totals), totals.campaign.clone());
    let total = campaigns.len() as u64;
    campaigns.sort_by_key(place);
    if page.order == SortOrder::Descending {
        campaigns.reverse();
    }
    match &page.start {
        Start::Offset(count) => {
            campaigns.drain(..campaigns.len().min(*count as usize));
        }
        Start::After(position) => campaigns.retain(|totals| {
            let (place, start) = (place(totals), (position.value, position.campaign.clone()));
            match page.order {
                SortOrder::Ascending => place > start,
                SortOrder::Descending => place < start,
            }
        }),
    }
    page.cut(campaigns, total)
}

fn sum_of(campaigns: &[CampaignTotals]) -> Sum {
    let mut sum = Sum::default();
    for totals in campaigns {
        sum.add(totals);
    }
    sum
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn campaigns_and_pages_show_all_that_has_come_and_never_go_back(
        steps in proptest::collection::vec((step(), pages()), 1..120)
    ) {
        let mut world = World::new();
        for (step, page) in steps {
            world.take(step);
            if let Some(listing) = world.memory.page(&page) {
                prop_assert_eq!(listing, found(&page, world.expected()), "after {:?}: {:?}", step, page);
            }
            if let Some(sum) = world.memory.sum() {
                prop_assert_eq!(sum, sum_of(&world.expected()), "after {:?}", step);
            }
            for campaign in (0..CAMPAIGNS).map(id) {
                if let Some(totals) = world.memory.totals(campaign.as_str()) {
                    let expected = world.at(world.known[&campaign]).get(&campaign).cloned();
                    prop_assert_eq!(totals, expected, "after {:?}: {}", step, campaign);
                }
            }
        }
    }

    #[test]
    fn once_all_has_come_a_load_makes_it_the_newest(
        steps in proptest::collection::vec(step(), 1..80), page in pages()
    ) {
        let mut world = World::new();
        for step in steps {
            world.take(step);
        }
        while !world.stream.is_empty() {
            world.take(Step::HandOver);
        }
        // One may be under way that has met what no load can continue.
        for _ in 0..2 {
            world.take(Step::Load);
            world.take(Step::LoadEnds(0));
        }
        let now: Vec<_> = world.at(world.now()).values().cloned().collect();
        for campaign in (0..CAMPAIGNS).map(id) {
            let stored = now.iter().find(|totals| totals.campaign == campaign);
            prop_assert_eq!(world.memory.totals(campaign.as_str()), Some(stored.cloned()));
        }
        prop_assert_eq!(world.memory.sum(), Some(sum_of(&now)));
        prop_assert_eq!(world.memory.page(&page), Some(found(&page, now)));
    }
}
