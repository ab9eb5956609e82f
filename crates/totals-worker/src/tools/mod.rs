//! The operator's tools: one file or folder for each command, and beside them the parts that they share.
//!
//! A tool reads only the configuration that it needs, binds no port, and works while workers run. It writes its answer to
//! standard output, as text or with `--json` as one document, and everything else to standard error. Each tool returns an
//! [`Answer`](output::Answer), which knows how it is printed and whether all is well, so exit codes are decided in one
//! place.

mod backfill;
mod campaign;
mod check;
mod dead_letters;
mod difference;
mod effect;
mod error;
mod explain;
mod facts;
mod forget;
mod history;
mod output;
mod progress;
mod rebuild;
mod reset;
mod setup;
mod verify;

use std::process::ExitCode;
use std::time::Duration;

use clap::Subcommand;
use totals_core::boot::block_on;
use totals_core::runtime::config::Source;
use totals_core::runtime::lifecycle::{GRACE, Shutdown};
use totals_core::runtime::telemetry::Telemetry;
use totals_core::runtime::terminal::complain;

use error::ToolError;
use output::{Verdict, print};
use setup::Setup;

/// The tools.
#[derive(Debug, Subcommand)]
pub enum Tool {
    Verify(verify::Args),
    Explain(explain::Args),
    Rebuild(rebuild::Args),
    Reset(reset::Args),
    Forget(forget::Args),
    #[command(subcommand)]
    DeadLetters(dead_letters::DeadLettersCommand),
    Backfill(backfill::Args),
    Check(check::Args),
}

/// Runs a tool to its end: 0 if all is well, 1 if not, 2 if it could not run.
pub fn run(tool: Tool) -> ExitCode {
    match start(tool) {
        Ok(Verdict::Fine) => ExitCode::SUCCESS,
        Ok(Verdict::Alarm) => ExitCode::from(1),
        Err(error) => {
            complain("totals-worker", &error.to_string());
            ExitCode::from(2)
        }
    }
}

fn start(tool: Tool) -> Result<Verdict, ToolError> {
    let source = Source::load()?;
    let telemetry = source.command_telemetry()?;
    block_on(async {
        Telemetry::start("totals-worker", &telemetry)?;
        let shutdown = Shutdown::on_signals(Duration::ZERO, GRACE)?;
        let setup = Setup::new(source, shutdown.soft.clone());
        tokio::select! {
            outcome = dispatch(tool, &setup) => outcome,
            () = shutdown.hard.cancelled() => Err(ToolError::Interrupted),
        }
    })?
}

async fn dispatch(tool: Tool, setup: &Setup) -> Result<Verdict, ToolError> {
    match tool {
        Tool::Verify(args) => print(&verify::run(&args, setup).await?, args.output),
        Tool::Explain(args) => print(&explain::run(&args, setup).await?, args.output),
        Tool::Rebuild(args) => print(&rebuild::run(&args, setup).await?, args.output),
        Tool::Reset(args) => print(&reset::run(&args, setup).await?, args.output),
        Tool::Forget(args) => print(&forget::run(&args, setup).await?, args.output),
        Tool::Backfill(args) => print(&backfill::run(&args, setup).await?, args.output),
        Tool::Check(args) => print(&check::run(&args, setup).await?, args.output),
        Tool::DeadLetters(command) => dead_letters::run(command, setup).await,
    }
}
