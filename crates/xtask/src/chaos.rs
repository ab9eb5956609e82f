//! `cargo xtask chaos`: the fault suite, which lies in `tests/chaos`.

use tokio::signal::unix::{SignalKind, signal};

use crate::cargo;
use crate::error::Error;

/// Kill, stop, cut and starve everything under load, and prove that nothing was lost or counted twice
///
/// Publishes a random history (duplicates, shuffles, conflicts, poison) to private services behind proxies,
/// strikes at random moments, lets everything settle, and compares every campaign, donation, log row and dead
/// letter with an oracle. The last lines are the verdict, the seed and the recovery times; the exit code is 1 if
/// anything is wrong. The same seed gives the same history and faults.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
    cargo xtask chaos
    cargo xtask chaos --seed 42 --kills 30
    cargo xtask chaos --seed 42 --stalls 16
    cargo xtask chaos --release --kills 300 --minutes 25 --rate 1000")]
pub struct Args {
    /// Seed of the history and the faults [default: a random one, which is printed]
    #[arg(long)]
    seed: Option<u64>,
    /// Go on at least for so many minutes
    #[arg(long, default_value_t = 0)]
    minutes: u64,
    /// Go on at least for so many kills (kill -9 of a worker, of MongoDB or of RabbitMQ); as many milder faults come
    /// in between
    #[arg(long, default_value_t = 30)]
    kills: u32,
    /// Instead of killing, take away or damage something that the service needs so often (an index, a collection, a queue,
    /// a binding, a right, …), and demand that it counts again within 30 s and that its health is honest
    #[arg(long, value_name = "N", default_value_t = 0, conflicts_with_all = ["kills", "minutes"])]
    stalls: u32,
    /// Messages to publish a second
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(5..=100_000))]
    rate: u32,
    /// With optimised programs
    #[arg(long)]
    release: bool,
}

pub async fn run(args: &Args) -> Result<(), Error> {
    // Ctrl-C is meant for the suite, which ends what it has started; this program waits for it.
    let _ignored = signal(SignalKind::interrupt()).map_err(Error::Signals)?;
    cargo::build_app(args.release).await?;
    cargo::run(&arguments(args, rand::random()), &[]).await
}

fn arguments(args: &Args, random_seed: u64) -> Vec<String> {
    let mut arguments = ["run", "--quiet", "--package", "tests", "--bin", "chaos"]
        .map(str::to_owned)
        .to_vec();
    if args.release {
        arguments.push("--release".to_owned());
    }
    arguments.push("--".to_owned());
    arguments.push(format!("--seed={}", args.seed.unwrap_or(random_seed)));
    arguments.push(format!("--minutes={}", args.minutes));
    arguments.push(format!("--kills={}", args.kills));
    arguments.push(format!("--stalls={}", args.stalls));
    arguments.push(format!("--rate={}", args.rate));
    arguments
}
