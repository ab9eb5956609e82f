//! `cargo xtask publish`: events from a file to the broker, each one confirmed.

pub mod event;
mod order;
pub mod sender;
mod target;

use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use crate::environment::Environment;
use crate::error::Error;
use event::SampleEvent;
pub use target::Target;

/// Publish events from a file, one JSON document a line
///
/// Each line is an envelope; its `eventType` is the routing key and its `eventId` the message id. All lines are
/// checked before the first is published. Every message is persistent and has to be confirmed by the broker.
///
/// The broker is --url, else RABBITMQ_URL, else that of the running `cargo xtask up`, else RABBITMQ_URL in .env,
/// else amqp://guest:guest@localhost:5672. The exchange is --exchange, else RABBITMQ_EXCHANGE, else care-for-all.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
    cargo xtask publish events.ndjson
    cargo xtask publish events.ndjson --shuffle 7 --duplicate 50
    cargo xtask publish events.ndjson --rate 200
    echo 'not json' | cargo xtask publish - --raw-key donation.created")]
#[expect(
    clippy::doc_markdown,
    reason = "shown in the terminal, where back-ticks would only be in the way"
)]
pub struct Args {
    /// The file, or `-` for standard input
    file: PathBuf,
    /// Publish at most this many messages a second
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// Publish in a random order, the same for the same seed
    #[arg(long, value_name = "SEED")]
    shuffle: Option<u64>,
    /// Publish this many percent of the events a second time, at random places
    #[arg(long, value_name = "PERCENT", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=100))]
    duplicate: u8,
    /// Publish the lines as they are, valid or not, with this routing key
    #[arg(long, value_name = "KEY")]
    raw_key: Option<String>,
    #[command(flatten)]
    target: Target,
}

pub async fn run(args: &Args) -> Result<(), Error> {
    let environment = Environment::load()?;
    let input = read(&args.file)?;
    let events = event::parse(&input_name(&args.file), &input, args.raw_key.as_deref())?;
    let order = order::plan(events.len(), args.shuffle, args.duplicate);
    let duplicates = order.len() - events.len();

    let sender = args.target.connect(&environment).await?;
    let bar = progress_bar(order.len());
    let started = Instant::now();
    let messages: Vec<&SampleEvent> = order.iter().map(|&index| &events[index]).collect();
    let outcome = sender
        .publish(&messages, args.rate, |confirmed| {
            bar.set_position(confirmed as u64);
        })
        .await;
    let took = started.elapsed();
    bar.finish_and_clear();
    let confirmed = outcome?;
    sender.close().await;
    println!(
        "Published {} events and {duplicates} duplicates; {confirmed} of {} messages confirmed in {:.1} s \
         ({} a second)",
        events.len(),
        order.len(),
        took.as_secs_f64(),
        confirmed as u128 * 1_000 / took.as_millis().max(1),
    );
    Ok(())
}

fn input_name(file: &Path) -> String {
    if file == Path::new("-") {
        "standard input".to_owned()
    } else {
        file.display().to_string()
    }
}

fn read(file: &Path) -> Result<Vec<u8>, Error> {
    if file == Path::new("-") {
        let mut bytes = Vec::new();
        if std::io::stdin().is_terminal() {
            eprintln!("Type or paste events, one a line; Ctrl-D ends them.");
        }
        std::io::stdin()
            .read_to_end(&mut bytes)
            .map_err(|source| Error::Read("standard input".into(), source))?;
        return Ok(bytes);
    }
    std::fs::read(file).map_err(|source| Error::Read(file.to_owned(), source))
}

fn progress_bar(length: usize) -> ProgressBar {
    let template = "{bar:40} {human_pos}/{human_len} confirmed, {per_sec}, {eta} left";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length as u64).with_style(style)
}
