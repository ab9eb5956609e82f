//! `forget`: takes a donor's personal data out of the log and the dead letters.
//!
//! The tool looks first and says what it has found; then it asks; then it erases, and looks again for what has come in
//! meanwhile. The database comes before the dead letters, because it tells which donations are the donor's. Until both
//! are done the database keeps the random id, so that a run that was interrupted can be run again.

mod answer;
mod confirm;
mod letters;

use std::sync::Arc;

use totals_core::domain::{AmountRules, DonationId, DonorId};
use totals_core::store::{Store, Traces, Whom};

use super::error::ToolError;
use super::output::Output;
use super::progress::Progress;
use super::setup::Setup;
pub use answer::Forgotten;
use answer::Plan;

/// How often the log is looked at again for what workers have committed meanwhile.
const LOOKS: u32 = 5;

/// Erase the personal data of a donor from the log and the dead letters
///
/// Of all events of the donor's donations only the fields stay that totals are counted from (see docs/events.md); names,
/// addresses, notes and whatever else producers have sent is gone. A random id takes the place of the donor's, the same one
/// everywhere. Totals stay as they are, donors included; a copy of an event that comes later is a duplicate; a refund that comes
/// later is counted.
///
/// A donation that a registered donor has made stands for the donor: all donations of the donor are forgotten. A dead letter
/// that cannot be read as JSON, and in which the id stands as a word, is erased whole. What other donors have sent stays, but
/// for the id where it stands for a person. Ids of events and donations stay: a copy is recognised by them.
///
/// The tool prints what it will erase, and asks. There is no way back but a backup, which has all of it; so have files of
/// rejects, and messages that have not been consumed yet. It may be interrupted and run again.
///
/// JSON: {"donations","campaigns","rows","failures","deadLetters","unreadableLetters","othersMayHold","unfinished"}: what was
/// erased. Exit code 0 if nothing is left, 1 if there was nothing to erase or something may be left.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
    totals-worker forget --donor u_42
    totals-worker forget --donation don_1234 --yes")]
pub struct Args {
    #[command(flatten)]
    whom: Person,
    /// Do not ask: erase without a way back
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    pub output: Output,
}

#[derive(Debug, Clone, clap::Args)]
#[group(required = true, multiple = false)]
struct Person {
    /// The donor with this id
    #[arg(long, value_name = "ID", value_parser = donor_id)]
    donor: Option<DonorId>,
    /// Whoever has made this donation
    #[arg(long, value_name = "ID", value_parser = donation_id)]
    donation: Option<DonationId>,
}

fn donor_id(text: &str) -> Result<DonorId, String> {
    DonorId::try_from(text).map_err(|error| error.to_string())
}

fn donation_id(text: &str) -> Result<DonationId, String> {
    DonationId::try_from(text).map_err(|error| error.to_string())
}

impl Person {
    fn whom(&self) -> Option<Whom> {
        let donor = self.donor.clone().map(Whom::Donor);
        donor.or_else(|| self.donation.clone().map(Whom::Donation))
    }
}

/// Looks, asks, erases.
pub async fn run(args: &Args, setup: &Setup) -> Result<Forgotten, ToolError> {
    let whom = args
        .whom
        .whom()
        .ok_or_else(|| ToolError::Usage("--donor or --donation is missing".to_owned()))?;
    if !args.yes {
        confirm::can_ask()?;
    }
    let (store, amounts) = (setup.store().await?, setup.source.amounts()?);
    let traces = look(setup, &store, &whom).await?;
    let letters = letters::count(setup, &traces).await?;
    let plan = Plan::new(&traces, &letters);
    if plan.is_empty() {
        store.finish_forgetting(&traces.pseudonym).await?;
        return Ok(Forgotten::nothing(&letters));
    }
    if !args.yes && !confirm::confirmed(&plan, setup).await? {
        return Err(ToolError::Usage("nothing was erased".to_owned()));
    }
    erase(setup, &store, &whom, traces, amounts).await
}

async fn look(setup: &Setup, store: &Store, whom: &Whom) -> Result<Traces, ToolError> {
    let progress = Progress::of_log(store).await?;
    let told = progress.clone();
    let traces = setup
        .unless_stopped(store.traces(whom, move |rows| told.add(rows)))
        .await?;
    progress.finish();
    Ok(traces)
}

async fn erase(
    setup: &Setup,
    store: &Store,
    whom: &Whom,
    traces: Traces,
    amounts: AmountRules,
) -> Result<Forgotten, ToolError> {
    let mut done = Forgotten::of(&traces);
    let mut traces = Arc::new(traces);
    for _ in 0..LOOKS {
        setup.unless_stopped(store.erase(&traces, amounts)).await?;
        let left = look(setup, store, whom).await?;
        done.unfinished = !left.are_gone();
        done.add(&left);
        traces = Arc::new(left);
        if !done.unfinished {
            break;
        }
    }
    let letters = letters::erase(setup, store, &traces).await?;
    done.take(&letters);
    if !done.unfinished {
        store.finish_forgetting(&traces.pseudonym).await?;
    }
    Ok(done)
}
