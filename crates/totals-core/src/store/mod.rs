//! The domain kept in MongoDB: the event log, the donations' states, the totals and their history.

mod client;
mod error;
mod ledger;
mod read;
mod schema;
mod write;

pub use client::{Store, Unhealthy};
pub use error::{Decision, StoreError};
pub use ledger::audit::{
    Audit, CampaignAudit, Damage, DayDifference, DonationDifference, OtherAmount, PaymentAudit,
    PlatformAudit, Scope, StoredTotals, Unreadable,
};
pub use ledger::explain::{EffectKind, Explanation, FailedEvent, LoggedEvent, Part};
pub use ledger::forget::{Traces, Whom};
pub use ledger::rebuild::Rebuild;
pub use ledger::reset::Reset;
pub use ledger::truncated::Truncated;
pub use read::changes::{Change, ChangeKind, Moved};
pub use read::cluster_time::ClusterTime;
pub use read::follow::Follower;
pub use read::history::{CampaignHistory, Cuts, Raised, RaisedOverTime};
pub use read::latest::{LatestDonation, LatestDonations, LatestPage, LogPlace};
pub use read::list::{Listing, Page, Position, SortBy, SortOrder, Start};
pub use read::one::{At, CampaignTotals, READ_TIMEOUT};
pub use read::scan::{Scan, Scanned};
pub use read::sum::Sum;
pub use schema::settings::Agreement;
pub use write::apply::{Applied, CommitDelta, ReadSet};
pub use write::contents::Contents;
pub use write::failure::Failure;
