//! `verify`: does everything that is stored follow from the log?

use std::fmt;

use serde::Serialize;
use totals_core::domain::{AmountRules, CampaignId, DonationId};
use totals_core::store::{OtherAmount, PaymentAudit, Scope, Store, Truncated};

use super::campaign::{NothingKnown, Which};
use super::difference::{Difference, differences, platform_differences};
use super::error::ToolError;
use super::output::{Answer, Line, Output, Verdict};
use super::progress::Progress;
use super::setup::Setup;

/// The most donations named for each finding about payments.
const NAMED: usize = 5;

/// Check all totals, donations and their history against the log, while workers run
///
/// Every campaign is counted anew from its logged events and compared with what is stored of it at the same moment. The history of
/// all campaigns together is compared with the sum of theirs.
/// If the log has any completed payment, payments are compared with donations as well: which of the two is missing, and
/// where the payments of a donation do not add up to its amount. That is reported, and no drift: it may be on its way.
///
/// JSON: {"drift","campaigns","events","donations","differences":{"count","shown":[{"kind":"totals"|"facts"|
/// "donation"|"history"|"historyUnmarked"|"logRow"|"document",…}]},"payments":{"donations","paid","withoutDonation":{"count","shown"},"withoutPayment":{…},
/// "otherAmount":{"count","shown":[{"donationId","amount","paid"}]}}|null}.
/// Exit code 0 without drift, 1 with, or if nothing is known of the campaign.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
    totals-worker verify
    totals-worker verify --campaign camp_123
    totals-worker verify --json | jq '.differences.shown[]'

A drift is put right by `totals-worker rebuild`; where it is not, the difference says what to do.")]
pub struct Args {
    #[command(flatten)]
    which: Which,
    /// Show at most so many differences; all are counted
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
    #[command(flatten)]
    pub output: Output,
}

/// What was found.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verified {
    drift: bool,
    campaigns: u64,
    events: u64,
    donations: u64,
    differences: Truncated<Difference>,
    payments: Option<PaymentAudit>,
    #[serde(skip)]
    log_is_damaged: bool,
    /// Documents of another service, among the differences.
    #[serde(skip)]
    foreign: u64,
    #[serde(skip)]
    nothing_known_of: Option<CampaignId>,
}

/// Audits, campaign by campaign.
pub async fn run(args: &Args, setup: &Setup) -> Result<Verified, ToolError> {
    let (store, amounts, scope) = (setup.store().await?, setup.source.amounts()?, args.which.scope());
    let progress = match scope {
        Scope::All => Progress::of_log(&store).await?,
        Scope::Campaign(_) => Progress::counting(),
    };
    // Side by side: neither alone keeps the database busy.
    let (audited, payments) = tokio::join!(
        audit(&store, &scope, amounts, args.limit, setup, &progress),
        setup.unless_stopped(store.audit_payments(&scope, amounts, NAMED)),
    );
    progress.finish();
    let mut verified = audited?;
    verified.nothing_known_of = args.which.unknown(verified.campaigns);
    match payments {
        Ok(payments) => verified.payments = payments,
        // The findings about campaigns are worth more than this.
        Err(ToolError::Store(error)) => {
            tracing::warn!(%error, "payments could not be compared with donations");
        }
        Err(error) => return Err(error),
    }
    Ok(verified)
}

async fn audit(
    store: &Store,
    scope: &Scope,
    amounts: AmountRules,
    limit: usize,
    setup: &Setup,
    progress: &Progress,
) -> Result<Verified, ToolError> {
    let mut verified = Verified::default();
    let mut audit = store.audit(scope.clone(), amounts);
    while let Some(campaign) = setup.unless_stopped(audit.next()).await? {
        progress.add(campaign.events);
        verified.campaigns += u64::from(campaign.campaign.is_some());
        verified.events += campaign.events;
        verified.donations += campaign.donations;
        verified.log_is_damaged |= campaign.damaged.iter().any(|row| !row.is_mended_by_rebuild());
        verified.foreign += campaign.foreign() as u64;
        for difference in differences(campaign, amounts.currency) {
            verified.differences.add(difference, limit);
        }
    }
    if *scope == Scope::All {
        let platform = setup.unless_stopped(store.audit_platform()).await?;
        verified.foreign += platform.unreadable.iter().filter(|it| it.is_foreign).count() as u64;
        for difference in platform_differences(platform, amounts.currency, verified.campaigns > 0) {
            verified.differences.add(difference, limit);
        }
    }
    verified.drift = verified.differences.count > 0;
    Ok(verified)
}

impl Answer for Verified {
    fn verdict(&self) -> Verdict {
        Verdict::alarm_if(self.drift || self.nothing_known_of.is_some())
    }
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(campaign) = &self.nothing_known_of {
            return write!(f, "{}", NothingKnown(campaign));
        }
        let Truncated { count, shown } = &self.differences;
        for difference in shown {
            writeln!(f, "{difference}")?;
        }
        if *count > shown.len() as u64 {
            writeln!(f, "… and {} more", count - shown.len() as u64)?;
        }
        if let Some(payments) = &self.payments {
            write_payments(f, payments)?;
        }
        let Self {
            campaigns,
            events,
            donations,
            ..
        } = self;
        write!(
            f,
            "{campaigns} campaigns, {events} events, {donations} donations: "
        )?;
        match count {
            0 => f.write_str("all as the log says"),
            _ if self.log_is_damaged => {
                write!(
                    f,
                    "{count} differences; log rows are damaged: mend them first, as is said of each"
                )
            }
            _ if self.foreign == *count => {
                write!(
                    f,
                    "{count} documents of another service; no rebuild removes them: do as is said of each"
                )
            }
            _ if self.foreign > 0 => write!(
                f,
                "{count} differences; {} are documents of another service: do as is said of each; `totals-worker rebuild` \
                 puts the others right",
                self.foreign
            ),
            1 => f.write_str("1 difference; `totals-worker rebuild` puts it right"),
            _ => write!(f, "{count} differences; `totals-worker rebuild` puts them right"),
        }
    }
}

fn write_payments(f: &mut fmt::Formatter<'_>, payments: &PaymentAudit) -> fmt::Result {
    let PaymentAudit {
        without_donation,
        without_payment,
        other_amount,
        ..
    } = payments;
    let id = |id: &DonationId| Line(id.as_str()).to_string();
    let other = |it: &OtherAmount| format!("{}: {} of {}", id(&it.donation_id), it.paid, it.amount);
    finding(f, "paid, but no donation was created", without_donation, id)?;
    finding(f, "created, but no payment was completed", without_payment, id)?;
    finding(f, "paid with another amount", other_amount, other)
}

fn finding<T>(
    f: &mut fmt::Formatter<'_>,
    what: &str,
    listed: &Truncated<T>,
    name: impl Fn(&T) -> String,
) -> fmt::Result {
    if listed.count == 0 {
        return Ok(());
    }
    let named: Vec<_> = listed.shown.iter().map(name).collect();
    let more = if listed.count > named.len() as u64 {
        ", …"
    } else {
        ""
    };
    writeln!(f, "{what}: {} ({}{more})", listed.count, named.join(", "))
}
