//! `forget`: takes a donor's personal data out of the log and the dead letters.
//!
//! The tool looks first and says what it has found; then it asks; then it erases, and looks again for what has come in
//! meanwhile. The database comes before the dead letters, because it tells which donations are the donor's. Until both
//! are done the database keeps the random id, so that a run that was interrupted can be run again.

mod answer;
mod around;
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
/// that cannot be read as a JSON object is erased whole if the id stands as a word in it or in its headers, also in UTF-16
/// or with the escapes of JSON; an id without a letter or a digit has to stand there in quotes. Events of campaigns and of other
/// donors stay, but for strings that are the id, for what stands beside the id in an object for the donor, such as
/// {"id","name"}, and for headers that are the id. An id of digits alone is replaced in them only where its name stands for a person,
/// as that of ownerId does. What the service reads stays: ids of events, donations and campaigns, titles, amounts.
///
/// Workers wait with a campaign while its part is written; after a kill of the tool, for 5 s. The tool prints what it will erase, and
/// asks. There is no way back but a backup, which has all of it; so have files of
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
    DonorId::try_from(not_blank(text)?).map_err(|error| error.to_string())
}

fn donation_id(text: &str) -> Result<DonationId, String> {
    DonationId::try_from(not_blank(text)?).map_err(|error| error.to_string())
}

/// A blank id is a variable of a script that has no value, and stands in every message.
fn not_blank(text: &str) -> Result<&str, String> {
    if !text.is_empty() && text.trim().is_empty() {
        return Err("must have more than white space".to_owned());
    }
    Ok(text)
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
    let (store, amounts) = (
        setup.store_for_long_transactions().await?,
        setup.source.amounts()?,
    );
    let traces = look(setup, &store, &whom, None).await?;
    let letters = letters::count(setup, &traces).await?;
    let plan = Plan::new(&traces, &letters);
    if plan.is_empty() {
        store.finish_forgetting(&traces.pseudonym).await?;
        return Ok(Forgotten::nothing(&traces, &letters));
    }
    if !args.yes && !confirm::confirmed(&plan, setup).await? {
        return Err(ToolError::Usage("nothing was erased".to_owned()));
    }
    erase(setup, &store, &whom, traces, amounts).await
}

async fn look(
    setup: &Setup,
    store: &Store,
    whom: &Whom,
    before: Option<&Traces>,
) -> Result<Traces, ToolError> {
    let progress = Progress::of_log(store).await?;
    let told = progress.clone();
    let traces = setup
        .unless_stopped(store.traces(whom, before, move |rows| told.add(rows)))
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
        let left = look(setup, store, whom, Some(&traces)).await?;
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
