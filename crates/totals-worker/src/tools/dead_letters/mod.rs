//! `totals-worker dead-letters`: messages that could not be applied, looked at, sent again or thrown away.

mod discard;
mod letter;
mod list;
mod queue;
mod renew;
mod replay;
mod show;
mod walk;

use clap::Subcommand;

use super::error::ToolError;
use super::output::{Verdict, print};
use super::setup::Setup;
use letter::Letter;

/// Look at, replay or discard the messages that could not be applied
///
/// They stand in the dead-letter queue beside the queue that the worker consumes (RABBITMQ_QUEUE), each with the
/// reason. A letter's id is its event id; one whose event id cannot be read is known by its body's hash.
///
/// While a command looks through the queue, the letters are in its hands and no other consumer sees them; at its end
/// it gives back what it has not replayed or discarded, and so does the broker if it is killed. Up to 1000 letters are in
/// its memory at once, whatever their size.
#[derive(Debug, Subcommand)]
#[expect(
    clippy::doc_markdown,
    reason = "shown in the terminal, where back-ticks would only be in the way"
)]
pub enum Command {
    List(list::Args),
    Show(show::Args),
    Replay(replay::Args),
    Discard(discard::Args),
}

/// Which letters to work on.
#[derive(Debug, Clone, clap::Args)]
#[group(required = true, multiple = false)]
pub struct Selection {
    /// The letters with this id, as `list` shows it
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// The letters with this reason code, as `list` shows it
    #[arg(long, value_name = "CODE")]
    reason: Option<String>,
    /// All letters that are in the queue now
    #[arg(long)]
    all: bool,
}

impl Selection {
    fn matches(&self, letter: &Letter) -> bool {
        self.all
            || self.id.as_deref().is_some_and(|id| letter.has_id(id))
            || self
                .reason
                .as_deref()
                .is_some_and(|code| letter.reason_code() == code)
    }
}

/// Runs one of the commands.
pub async fn run(command: Command, setup: &Setup) -> Result<Verdict, ToolError> {
    match command {
        Command::List(args) => print(&list::run(&args, setup).await?, args.output),
        Command::Show(args) => show::run(&args, setup).await,
        Command::Replay(args) => print(&replay::run(&args, setup).await?, args.output),
        Command::Discard(args) => print(&discard::run(&args, setup).await?, args.output),
    }
}
