//! `totals-api`: serves the totals that `totals-worker` keeps, and the API's own documentation.
//!
//! One read's journey: connection (`totals_core::runtime::http`) → request id, access log and span (`observe`) → bounds
//! (`guard`) → route (`router`) → handler (`routes`) → `Store` → response; whatever fails becomes a status in one place (`error`).

mod boot;
mod caching;
mod cli;
mod database;
mod error;
mod guard;
mod live;
mod observe;
mod openapi;
mod request_id;
mod router;
mod routes;
mod span;
mod state;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        None => boot::run().await,
        Some(Command::Openapi) => cli::print_openapi(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("totals-api: {error}");
            error.exit_code()
        }
    }
}
