//! The bench: how fast the service is, as ratios to baselines of the same run, on real services and release builds.
//!
//! `cargo xtask bench` runs it; docs/benchmarks.md has its figures and its method. A program and not a benchmark of a
//! library: what counts is several processes together, which share this machine with what measures them.

#![expect(
    clippy::unwrap_used,
    reason = "a bench that cannot go on should stop where it is"
)]

mod baseline;
mod clock;
mod contest;
mod crowd;
mod design;
mod effort;
mod fan_out;
mod freshness;
mod machine;
mod measure;
mod memory;
mod observer;
mod plot;
mod publish;
mod read;
mod rebuild;
mod report;
mod scale;
mod seed;
mod sse;
mod stage;
mod stream;
mod usage;
mod warm;
mod workload;
mod write;
mod wrk;

use clap::{Parser, ValueEnum};
use dev_services::directories;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use baseline::Server;
use effort::Effort;
use machine::Machine;
use report::replace_between_markers;
use stage::Stage;

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
    /// One of the baselines, which this program starts itself.
    #[command(subcommand)]
    Serve(Server),
}

#[derive(Clone, Copy, ValueEnum)]
enum PartName {
    Write,
    Freshness,
    Read,
    Memory,
    Stream,
    Rebuild,
    Scale,
}

#[tokio::main]
async fn main() {
    match Command::parse() {
        Command::Serve(server) => server.serve().await,
        Command::Drain(task) => task.work().await,
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
    for &name in parts {
        println!("{}", name.to_possible_value().unwrap().get_name());
        let stage = Stage::set().await;
        let machine = Machine::with(&stage).await;
        let part = match name {
            PartName::Write => write::run(&stage, effort).await,
            PartName::Freshness => freshness::run(&stage, effort).await,
            PartName::Read => read::run(&stage, effort).await,
            PartName::Memory => memory::run(&stage, effort).await,
            PartName::Stream => stream::run(&stage, effort).await,
            PartName::Rebuild => rebuild::run(&stage, effort).await,
            PartName::Scale => scale::run(&stage, effort).await,
        };
        stage.clear().await;
        let text = part.markdown(&machine, "benchmarks");
        println!("\n{text}");
        // Figures of a quick run are no news.
        if effort.quick {
            part.save(&directories::target().join("bench"), &machine);
        } else {
            let docs = directories::workspace().join("docs");
            part.save(&docs.join("benchmarks"), &machine);
            let page = docs.join("benchmarks.md");
            let document = std::fs::read_to_string(&page).unwrap();
            std::fs::write(page, replace_between_markers(&document, part.name, &text)).unwrap();
        }
    }
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
