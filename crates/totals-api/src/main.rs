//! `totals-api`: serves the totals that `totals-worker` keeps, and the API's own documentation.
//!
//! One read's journey: connection (`totals_core::runtime::http`) → memory (`front`), or else request id, access log and
//! span (`observe`) → bounds (`guard`) → route (`router`) → handler (`routes`) → `Store` → response; whatever fails
//! becomes a status in one place (`error`).

mod access_log;
mod boot;
mod caching;
mod cli;
mod config;
mod cors;
mod currency;
mod database;
mod documentation;
mod error;
mod fast_path;
mod limits;
mod live;
mod openapi;
mod representation;
mod request_id;
mod router;
mod routes;
mod single_flight;
mod span;
mod state;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

use clap::Parser;
use totals_core::boot::exit;

use crate::cli::{Cli, Command};

/// A crowd takes memory in small pieces, of which glibc keeps nearly all when it is gone.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    match Cli::parse().command {
        None => exit("totals-api", boot::boot()),
        Some(Command::Openapi) => exit("totals-api", cli::print_openapi()),
    }
}
