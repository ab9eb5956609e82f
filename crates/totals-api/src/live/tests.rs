//! What answers show, from memory and from the database, without either: reads end and the stream proves what it will.

use std::collections::HashSet;
use std::time::Duration;

use totals_core::domain::{Money, Timestamp, Totals};
use totals_core::store::{Listing, Page, SortBy, SortOrder, Start};

use super::campaigns::{CampaignMap, Campaigns};
use super::*;
use crate::database::unanswered;
use crate::metrics::Metrics;

const FIRST_PAGE: Page = Page {
    limit: 10,
    start: Start::Offset(0),
    sort_by: SortBy::TotalAmount,
    order: SortOrder::Descending,
};

/// Beside a database that nobody answers for, with what was loaded as of a moment.
async fn live(loaded_at: u64, campaigns: &[&CampaignTotals]) -> Live {
    let config = unanswered();
    let database = Database::open(&config, Arc::new(Metrics::new([]))).await.unwrap();
    let live = Live::start(database, config.bounds);
    live.begin(at(loaded_at));
    live.0.database.currency.agree();
    assert!(live.0.memory.begin_load());
    let mut entries = CampaignMap::new();
    for totals in campaigns {
        let known = campaigns::CampaignEntry::new(at(loaded_at), totals);
        entries.insert(totals.campaign.clone().into(), known);
    }
    let loaded = Campaigns::new(at(loaded_at), entries, HashSet::new());
    assert!(live.0.memory.finish_load(loaded));
    live.current(Instant::now());
    live
}

fn at(moment: u64) -> ClusterTime {
    ClusterTime::from_bits(moment)
}

fn totals(revision: i64) -> CampaignTotals {
    CampaignTotals {
        campaign: "c".try_into().unwrap(),
        totals: Totals {
            amount: Money::from_minor(100 * revision),
            pledges: revision,
            donors: 1,
        },
        revision,
        last_updated: Timestamp::from_unix_millis(0).unwrap(),
        facts: None,
    }
}

/// Later than any instant of the test so far.
fn soon() -> Instant {
    Instant::now() + Duration::from_millis(500)
}

async fn page(live: &Live) -> Option<Listing> {
    live.page_in_memory(&FIRST_PAGE).await
}

#[tokio::test]
async fn what_a_read_has_found_memory_shows_at_once() {
    let live = live(1, &[]).await;
    assert_eq!(live.in_memory("c"), Some(None));
    assert_eq!(page(&live).await, Some(Listing::default()));
    let read = At {
        found: Some(totals(5)),
        moment: at(2),
    };
    live.remember(&totals(5).campaign, &read, Instant::now());
    assert_eq!(live.in_memory("c"), Some(Some(totals(5))));
    assert_eq!(page(&live).await.unwrap().totals, [totals(5)]);
    // The changes that led to it come later, and are passed over.
    live.commit(vec![Change {
        campaign: totals(4).campaign,
        at: at(2),
        kind: ChangeKind::Created(totals(4)),
    }]);
    assert_eq!(live.in_memory("c"), Some(Some(totals(5))));
}

#[tokio::test]
async fn what_a_read_did_not_find_memory_shows_once_the_stream_has_caught_up() {
    let (live, campaign) = (live(1, &[&totals(5)]).await, totals(5).campaign);
    let ended = soon();
    let absent = At {
        found: None,
        moment: at(1),
    };
    live.remember(&campaign, &absent, ended);
    assert_eq!(live.in_memory("c"), None, "404 was shown");
    assert_eq!(live.newest_in_memory(&campaign), None);
    assert_eq!(live.in_memory("other"), Some(None));
    let other = CampaignId::try_from("other").unwrap();
    assert_eq!(live.all_in_memory(&[other.clone(), campaign.clone()]), None);
    assert_eq!(
        live.all_in_memory(&[other.clone(), other]),
        Some(vec![None, None])
    );

    // A question from before the read proves nothing of it.
    live.current(Instant::now());
    assert_eq!(live.in_memory("c"), None);
    let waiting = tokio::join!(live.read(&campaign), page(&live), async {
        live.commit(vec![Change {
            campaign: campaign.clone(),
            at: at(2),
            kind: ChangeKind::Removed,
        }]);
        live.current(ended);
    });
    assert_eq!((waiting.0.unwrap(), waiting.1), (None, Some(Listing::default())));
    assert_eq!(live.in_memory("c"), Some(None));
}

#[tokio::test]
async fn a_flood_of_absent_campaigns_is_remembered_as_one() {
    let live = live(1, &[&totals(5)]).await;
    let ended = soon();
    for number in 0..20_000 {
        let unknown = CampaignId::try_from(format!("unknown{number}")).unwrap();
        live.0.freshness.note_absent(&unknown, ended);
    }
    assert_eq!(
        live.in_memory("c"),
        None,
        "one of the many, for all that is known"
    );
    live.current(ended);
    assert_eq!(live.in_memory("c"), Some(Some(totals(5))));
}

#[tokio::test]
async fn memory_is_shown_for_a_second_after_a_proof_and_watched_beyond_it() {
    let live = live(1, &[&totals(5)]).await;
    let proven = soon();
    live.current(proven);
    let last = proven + LEASE - Duration::from_millis(1);
    let is_current = [last, proven + LEASE].map(|now| live.0.freshness.is_current(now));
    assert_eq!(is_current, [true, false]);
    assert!(live.in_memory("c").is_some());
    assert!(live.0.freshness.revoke());
    assert_eq!(live.in_memory("c"), None);
    assert_eq!(live.newest_in_memory(&totals(5).campaign), Some(Some(totals(5))));
}

#[tokio::test]
async fn a_campaign_whose_change_does_not_continue_is_unknown_and_the_others_are_not() {
    let other = CampaignTotals {
        campaign: "other".try_into().unwrap(),
        ..totals(1)
    };
    let live = live(1, &[&totals(5), &other]).await;
    live.commit(vec![Change {
        campaign: totals(5).campaign,
        at: at(2),
        kind: ChangeKind::Moved(totals_core::store::Moved::default()),
    }]);
    assert_eq!(live.in_memory("c"), None);
    assert_eq!(live.in_memory("other"), Some(Some(other.clone())));
    assert_eq!(page(&live).await, None);
    live.remember_totals(at(3), &totals(5));
    assert_eq!(live.in_memory("c"), Some(Some(totals(5))));
    assert_eq!(page(&live).await, None, "until all are read again");
}

#[tokio::test]
async fn a_page_of_the_database_is_not_followed_by_an_earlier_one_of_memory() {
    let live = live(1, &[&totals(5)]).await;
    let ended = soon();
    live.remember_page(&Listing::default(), at(2), ended);
    let shown = tokio::join!(page(&live), async {
        assert!(
            live.in_memory("c").is_some(),
            "a page says nothing of one campaign"
        );
        live.commit(vec![Change {
            campaign: totals(5).campaign,
            at: at(2),
            kind: ChangeKind::Removed,
        }]);
        live.current(ended);
    });
    assert_eq!(shown.0, Some(Listing::default()));
    assert_eq!(live.0.freshness.seen(), at(2));
}

#[tokio::test]
async fn a_sum_waits_until_the_stream_has_come_as_far_as_what_a_read_has_put_beside() {
    let other = |revision| CampaignTotals {
        campaign: "other".try_into().unwrap(),
        ..totals(revision)
    };
    let live = live(1, &[&totals(5), &other(1)]).await;
    let sum = live.sum_in_memory().await.unwrap();
    assert_eq!((sum.amount_minor, sum.campaigns), (600, 2));
    // Both have changed, in this order, and a read has shown the second one.
    let (ended, changed) = (soon(), totals(6));
    let read = At {
        found: Some(changed.clone()),
        moment: at(3),
    };
    live.remember(&changed.campaign, &read, ended);
    let (sum, newest, ()) = tokio::join!(live.sum_in_memory(), async { live.newest_sum() }, async {
        live.current(Instant::now());
        tokio::task::yield_now().await;
        live.commit(vec![Change {
            campaign: other(2).campaign,
            at: at(2),
            kind: ChangeKind::Replaced(other(2)),
        }]);
        live.current(ended);
    });
    assert_eq!(sum.unwrap().amount_minor, 800);
    assert_eq!(newest, None, "700 was there at no moment");
    assert_eq!(live.newest_sum(), sum);
}

/// The answer of a read that others have begun, as of the moment 1, as soon as the gate is open.
async fn early<T>(gate: Arc<Semaphore>, found: T) -> Result<At<T>, ApiError> {
    let _open = gate.acquire().await;
    let moment = at(1);
    Ok(At { found, moment })
}

#[tokio::test]
async fn a_read_that_others_have_begun_is_done_again_if_it_shows_too_early_a_moment() {
    let (live, campaign) = (live(1, &[]).await, totals(5).campaign);
    live.0.freshness.revoke();
    // Somebody else has been shown this.
    live.0.freshness.note_seen(at(2));
    let (gate, reads) = (Arc::new(Semaphore::new(0)), &live.0);
    let page = || early(gate.clone(), Some(Arc::new(Listing::default())));
    let view = || early(gate.clone(), None);
    let (others_page, others_view, page, view, ()) = tokio::join!(
        reads.page_reads.join(FIRST_PAGE, page),
        reads.reads.join(campaign.clone(), view),
        live.page(&FIRST_PAGE),
        live.read(&campaign),
        async { gate.add_permits(2) }
    );
    assert!(others_page.is_ok() && others_view.is_ok());
    // Nobody answers reads of the database here.
    assert!(page.is_err() && view.is_err());
}

#[tokio::test]
async fn what_memory_showed_before_it_covered_all_reads_is_not_shown() {
    let live = live(1, &[&totals(5)]).await;
    let ended = soon();
    live.remember_page(&Listing::default(), at(2), ended);
    let looks = std::cell::Cell::new(0);
    let look = || {
        let seen = live.0.memory.page(&FIRST_PAGE);
        looks.set(looks.get() + 1);
        if looks.get() == 1 {
            // Another thread brings the change, and the proof that nothing is missing, right after this look.
            live.commit(vec![Change {
                campaign: totals(5).campaign,
                at: at(2),
                kind: ChangeKind::Removed,
            }]);
            live.current(ended);
        }
        seen
    };
    let shown = live.wait_until_covered(look, || live.0.freshness.covers_all());
    assert_eq!(shown.await, Some(Listing::default()));
}
