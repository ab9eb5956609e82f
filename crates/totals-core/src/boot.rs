//! The start and stop of a service's process, the same for both binaries: one announced step after another.

use std::fmt::Display;
use std::process::ExitCode;

use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::runtime::config::{self, ConfigError, Source};
use crate::runtime::http::{ListenError, listen};
use crate::runtime::lifecycle::{GRACE, Shutdown, Signals};
use crate::runtime::telemetry::{DroppedLines, Telemetry, TelemetryError};
use crate::runtime::terminal::complain;
use crate::store::StoreError;

/// The exit code of a process that could not start, and of a command that could not run: 1 is for an answer that is
/// not good.
const CANNOT_RUN: u8 = 2;

/// Why a process cannot start, as one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A variable has a value that is not allowed.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Logs or traces cannot start.
    #[error("logs or traces cannot start: {0}")]
    Telemetry(#[from] TelemetryError),
    /// The port is taken, or the address not this machine's.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The options of `DATABASE_URL` contradict each other.
    #[error("DATABASE_URL cannot be used: {0}")]
    Database(StoreError),
    /// The machine refuses what a process needs.
    #[error("cannot start: {0}")]
    Process(#[from] std::io::Error),
}

/// What a service is given to work with.
pub struct Process {
    /// Where it serves.
    pub listener: TcpListener,
    /// When it has to stop.
    pub shutdown: Shutdown,
    /// What its log has lost.
    pub dropped_lines: DroppedLines,
}

/// A process that has begun and does not know yet what it is to do. A signal from here on is an orderly stop, even if it comes
/// before the configuration is read.
pub struct Begun {
    runtime: Runtime,
    signals: Signals,
}

impl Begun {
    /// To be called before anything else.
    ///
    /// # Errors
    /// If the machine refuses the threads or the signal handlers.
    pub fn now() -> std::io::Result<Self> {
        let runtime = runtime()?;
        let signals = runtime.block_on(async { Signals::listen() })?;
        Ok(Self { runtime, signals })
    }

    /// Runs the service until it has stopped: logs, traces and listener come first, and the last lines and traces are sent at
    /// the end.
    ///
    /// # Errors
    /// [`StartError`] if the service cannot start.
    pub fn run<F>(
        self,
        service: &'static str,
        source: &Source,
        (http, telemetry): (&config::HttpConfig, &config::TelemetryConfig),
        serve: impl FnOnce(Process) -> F,
    ) -> Result<(), StartError>
    where
        F: Future<Output = Result<(), StartError>>,
    {
        let Self { runtime, signals } = self;
        run_to_end(runtime, async {
            let telemetry = Telemetry::start(service, telemetry)?;
            for name in source.former() {
                tracing::warn!("{name} has no effect any more and can be removed");
            }
            let process = Process {
                shutdown: Shutdown::on(signals, http.shutdown_delay, GRACE),
                listener: listen(http)?,
                dropped_lines: telemetry.dropped_lines(),
            };
            serve(process).await?;
            tracing::info!("stopped");
            telemetry.shutdown().await;
            Ok(())
        })
    }
}

/// Runs all that a process does.
///
/// # Errors
/// If the machine refuses the threads.
pub fn block_on<T>(process: impl Future<Output = T>) -> std::io::Result<T> {
    Ok(run_to_end(runtime()?, process))
}

fn runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

/// What goes on in the background at the end of the process is left as it is, for that end to cut off: the driver panics
/// where its tasks are dropped one after the other, and a thread that waits for input would be waited for.
fn run_to_end<T>(runtime: Runtime, process: impl Future<Output = T>) -> T {
    let outcome = runtime.block_on(process);
    std::mem::forget(runtime);
    outcome
}

/// The end of the process: an error is one line on standard error.
pub fn exit(program: &str, outcome: Result<(), impl Display>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(program, &error.to_string());
            ExitCode::from(CANNOT_RUN)
        }
    }
}
