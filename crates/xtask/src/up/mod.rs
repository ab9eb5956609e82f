//! `cargo xtask up`: everything running on this machine, until Ctrl-C.
//!
//! Order matters at both ends. The worker and the API start when the services answer, and stop before
//! them, so that what they hold in hand is committed and acknowledged. All are supervised: even SIGKILL of
//! this process leaves nothing running.

mod app;
mod report;

use dev_services::{Services, Settings, port};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Duration, Instant, sleep};

use crate::cargo;
use crate::environment::Environment;
use crate::error::Error;
use crate::running::Running;
pub use app::App;

/// How long what a killed `up` left behind may take to end.
const LEFTOVER_GRACE: Duration = Duration::from_secs(16);

const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Run MongoDB, RabbitMQ, the worker and the API on this machine
///
/// Finds or starts the services, builds and starts the worker and the API, and prints every URL. Ctrl-C stops
/// it all in order; the data stay for the next time.
///
/// The services come from DATABASE_URL and RABBITMQ_URL (environment or .env), else from Docker, else from
/// private native instances below target/. PORT, METRICS_PORT and WORKER_PORT move the API, its metrics
/// and the worker.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
    cargo xtask up
    cargo xtask up --fresh --release
    PORT=8080 cargo xtask up
    DATABASE_URL='mongodb://localhost/totals?replicaSet=rs0' cargo xtask up")]
#[expect(
    clippy::doc_markdown,
    reason = "shown in the terminal, where back-ticks would only be in the way"
)]
pub struct Args {
    /// Delete the data of earlier runs first (never those behind a DATABASE_URL or RABBITMQ_URL)
    #[arg(long)]
    fresh: bool,
    /// Build with optimizations
    #[arg(long)]
    release: bool,
}

/// The ports of the two programs.
#[derive(Debug, Clone, Copy)]
pub struct Ports {
    pub api: u16,
    /// Of the API's metrics.
    pub metrics: u16,
    pub worker: u16,
}

pub async fn run(args: &Args) -> Result<(), Error> {
    let environment = Environment::load()?;
    let ports = Ports::free(&environment).await?;
    let settings = Settings::persistent("up", args.fresh);
    let settings = settings.urls(|variable| environment.get(variable).map(str::to_owned));
    println!("Starting MongoDB and RabbitMQ …");
    let mut services = Services::acquire(&settings).await?;
    println!("Building the worker and the API …");
    cargo::build_app(args.release).await?;

    // From here on a signal is an order to stop in order; before, it just ends us.
    let mut stop = StopSignals::listen()?;
    let record = Running::new(&services, ports.api, ports.worker);
    let announced = record.announce()?;
    let table = report::text(&record, ports.metrics, &services);
    let log_format: &[_] = match environment.get("LOG_FORMAT") {
        Some(_) => &[],
        None => &[("LOG_FORMAT", "pretty")],
    };
    let mut app = App::start(&record, ports, log_format, args.release).await?;
    let outcome = tokio::select! {
        error = serve(&mut app, &table) => Err(error),
        error = services.died() => Err(error.into()),
        () = stop.received() => Ok(()),
    };
    println!("\nStopping …");
    drop(announced);
    app.stop().await;
    services.stop().await?;
    println!("Stopped.");
    outcome
}

/// Shows the table once both programs are healthy. Returns when one fails.
async fn serve(app: &mut App, table: &str) -> Error {
    if let Err(error) = app.until_healthy().await {
        return error;
    }
    println!("{table}");
    app.died().await
}

impl Ports {
    /// Reads the ports and makes sure that nobody listens there.
    async fn free(environment: &Environment) -> Result<Self, Error> {
        if let Some(running) = Running::find() {
            return Err(Error::AlreadyUp(running.pid));
        }
        let ports = Self {
            api: environment.port("PORT", 3005)?,
            metrics: environment.port("METRICS_PORT", 3007)?,
            worker: environment.port("WORKER_PORT", 3006)?,
        };
        if ports.api == ports.worker || ports.api == ports.metrics {
            return Err(Error::SamePort(ports.api));
        }
        if ports.metrics == ports.worker {
            return Err(Error::SamePort(ports.metrics));
        }
        // The programs of an `up` that was killed are ended by their supervisors, which takes a moment.
        let patience = if Running::left_behind() {
            LEFTOVER_GRACE
        } else {
            Duration::ZERO
        };
        for (port, user, variable) in [
            (ports.api, "the API", "PORT"),
            (ports.metrics, "the API", "METRICS_PORT"),
            (ports.worker, "the worker", "WORKER_PORT"),
        ] {
            if !becomes_free(port, patience).await {
                return Err(Error::PortInUse { port, user, variable });
            }
        }
        Ok(ports)
    }
}

async fn becomes_free(port: u16, patience: Duration) -> bool {
    let deadline = Instant::now() + patience;
    while !port::is_free(port) {
        if Instant::now() >= deadline {
            return false;
        }
        sleep(POLL_INTERVAL).await;
    }
    true
}

/// The signals that mean "stop": Ctrl-C, `kill`, a closed terminal.
struct StopSignals([Signal; 3]);

impl StopSignals {
    fn listen() -> Result<Self, Error> {
        let listen = |kind| signal(kind).map_err(Error::Signals);
        Ok(Self([
            listen(SignalKind::interrupt())?,
            listen(SignalKind::terminate())?,
            listen(SignalKind::hangup())?,
        ]))
    }

    async fn received(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}
