//! The bench: how fast the service is, as ratios to baselines of the same run, on real services and release builds.
//!
//! `cargo xtask bench` runs it; docs/benchmarks.md has its figures and its method. A program and not a benchmark of a
//! library: what counts is several processes together, which share this machine with what measures them.

#![expect(
    clippy::unwrap_used,
    reason = "a bench that cannot go on should stop where it is"
)]

mod axis;
mod baseline;
mod clock;
mod contest;
mod crowd;
mod design;
mod effort;
mod fan_out;
mod floor;
mod follow;
mod freshness;
mod grown;
mod growth;
mod histories;
mod lanes;
mod machine;
mod measure;
mod memory;
mod observer;
mod plot;
mod promises;
mod publish;
mod queue;
mod read;
mod rebuild;
mod report;
mod scale;
mod scenario;
mod seed;
mod sse;
mod stage;
mod stream;
mod targets;
mod usage;
mod warm;
mod workload;
mod write;
mod wrk;

use std::path::PathBuf;
use std::time::Instant;

use clap::{Parser, ValueEnum};
use dev_services::directories;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use baseline::Baseline;
use effort::Effort;
use floor::Floor;
use machine::Machine;
use report::{minutes, replace_between_markers};
use stage::Stage;

/// The service's, so that no baseline is slower by its allocator alone.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// What `cargo xtask bench` passes on; its help explains it.
#[derive(Parser)]
enum Command {
    Run {
        parts: Vec<PartName>,
        #[arg(long)]
        quick: bool,
    },
    /// One of the designs compared with the worker, which this program starts itself.
    Drain(design::Task),
    /// What freshness is compared with, which this program starts itself.
    Floor(Floor),
    /// One of the baselines, which this program starts itself.
    #[command(subcommand)]
    Serve(Baseline),
}

#[derive(Clone, Copy, ValueEnum)]
enum PartName {
    Write,
    Freshness,
    Read,
    Memory,
    Stream,
    Rebuild,
    History,
    Growth,
    Scale,
}

#[tokio::main]
async fn main() {
    match Command::parse() {
        Command::Serve(baseline) => baseline.serve().await,
        Command::Drain(task) => task.work().await,
        Command::Floor(floor) => floor.consume().await,
        Command::Run { parts, quick } => {
            let effort = if quick { Effort::quick() } else { Effort::full() };
            tokio::select! {
                () = run(&parts, &effort) => {}
                _ = tokio::signal::ctrl_c() => println!("\nStopped before the end"),
            }
        }
    }
    // Everything that was started has ended. Returning would end the runtime under lapin's threads, which panic then.
    std::process::exit(0);
}

/// Runs these parts, each on services that nothing was done to yet, and publishes what they found.
async fn run(parts: &[PartName], effort: &Effort) {
    raise_file_limit();
    let (started, mut promised) = (Instant::now(), String::new());
    for (place, &name) in parts.iter().enumerate() {
        println!(
            "{}: part {} of {}, {} after the start",
            name.to_possible_value().unwrap().get_name(),
            place + 1,
            parts.len(),
            minutes(started.elapsed())
        );
        let began = Instant::now();
        let stage = Stage::set().await;
        let machine = Machine::with(&stage).await;
        let mut part = match name {
            PartName::Write => write::run(&stage, effort).await,
            PartName::Freshness => freshness::run(&stage, effort).await,
            PartName::Read => read::run(&stage, effort).await,
            PartName::Memory => memory::run(&stage, effort).await,
            PartName::Stream => stream::run(&stage, effort).await,
            PartName::Rebuild => rebuild::run(&stage, effort).await,
            PartName::History => histories::run(&stage, effort).await,
            PartName::Growth => growth::run(&stage, effort).await,
            PartName::Scale => scale::run(&stage, effort).await,
        };
        stage.servers.clear().await;
        part.took = began.elapsed();
        let text = part.markdown(&machine, "benchmarks");
        println!("\n{text}");
        // Figures of a quick run are no news.
        let figures = if effort.quick {
            directories::target().join("bench")
        } else {
            docs().join("benchmarks")
        };
        part.save(&figures, &machine);
        promised = targets::table(&figures).markdown();
        if !effort.quick {
            record(part.name, &text);
            record("targets", &promised);
        }
    }
    println!("{promised}\n{} in all", minutes(started.elapsed()));
}

fn docs() -> PathBuf {
    directories::workspace().join("docs")
}

/// Puts what was found between the markers of this name on the page.
fn record(name: &str, text: &str) {
    let page = docs().join("benchmarks.md");
    let document = std::fs::read_to_string(&page).unwrap();
    std::fs::write(page, replace_between_markers(&document, name, text)).unwrap();
}

/// Thousands of watchers are thousands of sockets, here and in the servers, which inherit the limit.
fn raise_file_limit() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    setrlimit(Resource::Nofile, raised).unwrap();
}
