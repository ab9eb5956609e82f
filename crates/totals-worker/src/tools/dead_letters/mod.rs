//! `totals-worker dead-letters`: to look at, replay or discard the messages that could not be applied.

pub mod dead_letter;
mod discard;
mod list;
pub mod queue_scan;
mod replay;
mod selection;
mod show;

use clap::Subcommand;

use super::error::ToolError;
use super::output::{Verdict, print};
use super::setup::Setup;

/// Look at, replay or discard the messages that could not be applied
///
/// They stand in the dead-letter queue beside the queue that the worker consumes (RABBITMQ_QUEUE), each with the
/// reason. A letter's id is its event id; one whose event id cannot be read has a hash of what was read for its id.
///
/// While a command looks through the queue, the letters are in its hands and no other consumer sees them; at its end
/// it gives back what it has not replayed or discarded, and so does the broker if it is killed. Up to 1000 letters are in
/// its memory at once, whatever their size.
#[derive(Debug, Subcommand)]
#[expect(
    clippy::doc_markdown,
    reason = "shown in the terminal, where back-ticks would only be in the way"
)]
pub enum DeadLettersCommand {
    List(list::Args),
    Show(show::Args),
    Replay(replay::Args),
    Discard(discard::Args),
}

/// Runs one of the commands.
pub async fn run(command: DeadLettersCommand, setup: &Setup) -> Result<Verdict, ToolError> {
    match command {
        DeadLettersCommand::List(args) => print(&list::run(&args, setup).await?, args.output),
        DeadLettersCommand::Show(args) => show::run(&args, setup).await,
        DeadLettersCommand::Replay(args) => print(&replay::run(&args, setup).await?, args.output),
        DeadLettersCommand::Discard(args) => print(&discard::run(&args, setup).await?, args.output),
    }
}
