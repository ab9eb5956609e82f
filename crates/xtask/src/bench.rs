//! `cargo xtask bench`: how fast the service is. The bench itself lies in `tests/bench`.
//!
//! Like the fault suite it is a program of the package `tests`: it needs the harness, the drivers and an HTTP server, and
//! this program, which every other command has to build first, needs none of them.

use clap::ValueEnum;
use tokio::signal::unix::{SignalKind, signal};

use crate::cargo;
use crate::error::Error;

/// Measure the service, and what it is compared with in the same run
///
/// Starts MongoDB, RabbitMQ and release builds of the worker and the API for itself. Prints tables, and records them in
/// docs/benchmarks.md, with plots and JSON in docs/benchmarks. Needs `wrk`, which is installed with apt-get when you are
/// root, and a machine on which nothing else runs.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
    cargo xtask bench
    cargo xtask bench read
    cargo xtask bench --quick       # some minutes, only to see that it works; records in target/bench")]
pub struct Args {
    /// What to measure
    #[arg(value_enum, default_value_t = Part::All)]
    part: Part,
    /// Short rounds and few of them
    #[arg(long)]
    quick: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// From a full queue to committed totals
    Write,
    /// From an event's confirm and commit to its sight, by polling and by watching
    Freshness,
    /// Reads a second, and what they cost
    Read,
    /// The API's memory with many campaigns in it
    Memory,
    /// From a change to the last of many watchers
    Stream,
    /// Verifying, rebuilding, and reading in what a platform has already
    Rebuild,
    /// How long a year of a campaign's history takes
    History,
    /// How all that changes as the database grows
    Growth,
    /// Several workers on one queue and on partitions, and one worker with more or fewer lanes
    Scale,
    /// All of it
    All,
}

pub async fn run(args: &Args) -> Result<(), Error> {
    // Ctrl-C is meant for the bench, which ends what it has started; this program waits for it.
    let _ignored = signal(SignalKind::interrupt()).map_err(Error::Signals)?;
    cargo::build_app(true).await?;
    cargo::run(&arguments(args), &[]).await
}

fn arguments(args: &Args) -> Vec<String> {
    let program = [
        "run",
        "--quiet",
        "--release",
        "--package",
        "tests",
        "--bin",
        "bench",
        "--",
        "run",
    ];
    let names = Part::value_variants()
        .iter()
        .filter(|&&part| part != Part::All && (part == args.part || args.part == Part::All))
        .filter_map(|part| Some(part.to_possible_value()?.get_name().to_owned()));
    let quick = args.quick.then(|| "--quick".to_owned());
    program
        .map(str::to_owned)
        .into_iter()
        .chain(names)
        .chain(quick)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed_on(part: Part, quick: bool) -> String {
        let arguments = arguments(&Args { part, quick }).join(" ");
        arguments
            .split_once(" -- ")
            .map(|(_, passed)| passed.to_owned())
            .unwrap()
    }

    #[test]
    fn all_is_every_part() {
        assert_eq!(
            passed_on(Part::All, false),
            "run write freshness read memory stream rebuild history growth scale"
        );
        assert_eq!(passed_on(Part::Stream, true), "run stream --quick");
    }
}
