//! The command line. Everything that differs between deployments is in the environment; see `--help`.

use std::io::Write as _;

use clap::{Parser, Subcommand};
use totals_core::runtime::config::{
    CURRENCY, DATABASE_READS, DATABASE_URL, DATABASE_URL_FILE, DONATION_FEED, HOST, MAX_STREAMS,
    METRICS_PORT, PORT, SHUTDOWN_DELAY, STREAM_LIFETIME, Source, TELEMETRY, help,
};

use crate::{asyncapi, router};

/// Serves campaign totals over HTTP: JSON under /api, their description at /openapi and, for people, at /docs; that of the
/// events that totals come from at /asyncapi.json.
#[derive(Debug, Parser)]
#[command(name = "totals-api", version, after_help = after_help())]
pub struct Cli {
    /// What to do; without one, serve.
    #[command(subcommand)]
    pub command: Option<Action>,
}

/// What the program can do besides serving.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Print the OpenAPI document and exit; needs no database
    Openapi,
    /// Print the AsyncAPI document, of the messages that totals-worker takes, and exit; needs no database and no broker
    Asyncapi,
}

fn after_help() -> String {
    let own = [
        HOST,
        PORT,
        METRICS_PORT,
        SHUTDOWN_DELAY,
        DATABASE_URL,
        DATABASE_URL_FILE,
        CURRENCY,
        MAX_STREAMS,
        STREAM_LIFETIME,
        DATABASE_READS,
        DONATION_FEED,
    ];
    let variables = help(&[&own, TELEMETRY].concat());
    format!(
        "{variables}\n\
         Failed requests are logged under the target `access`; LOG_LEVEL=info,access=debug logs the others too.\n\n\
         Example:\n  \
         PORT=8080 DATABASE_URL=mongodb://localhost:27017/totals-service LOG_FORMAT=pretty totals-api\n  \
         curl 'localhost:8080/api/totals/campaigns?limit=5'"
    )
}

/// Prints the OpenAPI document.
///
/// # Errors
/// A line for the operator, if nobody takes it.
pub fn print_openapi() -> Result<(), String> {
    let document = router::document()
        .to_pretty_json()
        .map_err(std::io::Error::from)
        .and_then(|json| writeln!(std::io::stdout(), "{json}"));
    document.map_err(|error| format!("cannot print the OpenAPI document: {error}"))
}

/// Prints the AsyncAPI document of a service with the environment's `CURRENCY`.
///
/// # Errors
/// A line for the operator, if nobody takes it or the environment cannot be used.
pub fn print_asyncapi() -> Result<(), String> {
    let currency = Source::load().and_then(|source| source.currency());
    let document = asyncapi::document(currency.map_err(|error| error.to_string())?);
    let printed = writeln!(std::io::stdout(), "{document:#}");
    printed.map_err(|error| format!("cannot print the AsyncAPI document: {error}"))
}
