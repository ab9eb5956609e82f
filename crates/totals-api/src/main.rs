//! `totals-api`: serves the totals that `totals-worker` keeps, and the API's own documentation.
//!
//! The journey of a read: connection (`totals_core::runtime::http`) → memory (`fast_path`), or else request id, log line,
//! count and span (`access_log`) → limits (`limits`) → route (`router`) → handler (`routes`) → memory or database (`live`) →
//! response. Every failure becomes a status in one place (`error`).

mod access_log;
mod asyncapi;
mod boot;
mod caching;
mod calendar;
mod cli;
mod compression;
mod config;
mod cors;
mod currency;
mod database;
mod documentation;
mod error;
mod fast_path;
mod limits;
mod live;
mod metrics;
mod openapi;
mod representation;
mod request_id;
mod router;
mod routes;
mod scrape;
mod single_flight;
mod span;
mod state;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

use clap::Parser;
use totals_core::boot::exit;

use crate::cli::{Action, Cli};

/// A crowd takes memory in small pieces, and glibc keeps nearly all of them when the crowd has gone.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    match Cli::parse().command {
        None => exit("totals-api", boot::boot()),
        Some(Action::Openapi) => exit("totals-api", cli::print_openapi()),
        Some(Action::Asyncapi) => exit("totals-api", cli::print_asyncapi()),
    }
}
