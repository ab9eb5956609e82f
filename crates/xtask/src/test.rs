//! `cargo xtask test`: all tests, on services of their own.

use std::time::{Duration, Instant};

use dev_services::{Services, Settings};

use crate::cargo;
use crate::error::Error;

/// Run all tests on a fresh MongoDB and RabbitMQ
///
/// The services come from DATABASE_URL and RABBITMQ_URL, else from Docker, else from private native
/// instances on free ports whose data are deleted afterwards. The exit code is that of `cargo test`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
    cargo xtask test
    cargo xtask test -- --package tests refund
    cargo xtask test -- --package tests -- --nocapture")]
#[expect(
    clippy::doc_markdown,
    reason = "shown in the terminal, where back-ticks would only be in the way"
)]
pub struct Args {
    /// Arguments for `cargo test`
    #[arg(last = true, value_name = "CARGO TEST ARGUMENTS")]
    arguments: Vec<String>,
}

pub async fn run(args: &Args) -> Result<(), Error> {
    let mut watch = Stopwatch::start();
    // The end-to-end tests start the executables themselves.
    cargo::build_app(false).await?;
    cargo::run(&test_arguments(&args.arguments, true), &[]).await?;
    watch.lap("building");

    let services = Services::acquire(&Settings::ephemeral("test").urls_from_env()).await?;
    let (mongodb, rabbitmq) = (&services.mongodb, &services.rabbitmq);
    println!("MongoDB   {}  ({})", mongodb.url, mongodb.origin);
    println!("RabbitMQ  {}  ({})", rabbitmq.url, rabbitmq.origin);
    watch.lap("starting the services");

    let environment = [
        ("DATABASE_URL", mongodb.url.as_str()),
        ("RABBITMQ_URL", &rabbitmq.url),
    ];
    let outcome = cargo::run(&test_arguments(&args.arguments, false), &environment).await;
    watch.lap("testing");
    services.stop().await?;
    watch.lap("stopping the services");
    println!("\n{}", watch.summary());
    outcome
}

/// `cargo test` for the whole workspace, unless packages are named, and all of it even after a failure; `only_build` leaves
/// out the run and what is meant for the test programs.
fn test_arguments(given: &[String], only_build: bool) -> Vec<String> {
    let end = given
        .iter()
        .position(|argument| argument == "--")
        .unwrap_or(given.len());
    let (for_cargo, for_tests) = given.split_at(end);
    let names_packages = for_cargo.iter().any(|argument| {
        ["-p", "--package", "--workspace", "--all"].contains(&argument.as_str())
            || argument.starts_with("--package=")
    });
    let mut arguments = vec!["test".to_owned()];
    if !names_packages {
        arguments.push("--workspace".to_owned());
    }
    arguments.push(if only_build { "--no-run" } else { "--no-fail-fast" }.to_owned());
    arguments.extend_from_slice(for_cargo);
    if !only_build {
        arguments.extend_from_slice(for_tests);
    }
    arguments
}

/// Tells how long each part took.
struct Stopwatch {
    since: Instant,
    laps: Vec<(&'static str, Duration)>,
}

impl Stopwatch {
    fn start() -> Self {
        Self {
            since: Instant::now(),
            laps: Vec::new(),
        }
    }

    fn lap(&mut self, name: &'static str) {
        self.laps.push((name, self.since.elapsed()));
        self.since = Instant::now();
    }

    fn summary(&self) -> String {
        let laps = self
            .laps
            .iter()
            .map(|(name, took)| format!("{name} {:.1} s", took.as_secs_f64()));
        laps.collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(given: &str, only_build: bool) -> String {
        let given: Vec<String> = given.split_whitespace().map(str::to_owned).collect();
        test_arguments(&given, only_build).join(" ")
    }

    #[test]
    fn the_whole_workspace_unless_packages_are_named() {
        assert_eq!(planned("", false), "test --workspace --no-fail-fast");
        assert_eq!(planned("refund", false), "test --workspace --no-fail-fast refund");
        assert_eq!(
            planned("--package tests refund", false),
            "test --no-fail-fast --package tests refund"
        );
        assert_eq!(planned("-- -p", false), "test --workspace --no-fail-fast -- -p");
    }

    #[test]
    fn building_leaves_out_what_is_for_the_test_programs() {
        assert_eq!(
            planned("-p tests x -- --nocapture", true),
            "test --no-run -p tests x"
        );
        assert_eq!(
            planned("-p tests x -- --nocapture", false),
            "test --no-fail-fast -p tests x -- --nocapture"
        );
    }
}
