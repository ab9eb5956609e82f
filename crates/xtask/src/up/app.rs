//! The worker and the API as children: started, watched, their output shown line by line.

use std::io::ErrorKind;
use std::process::Command;
use std::time::Duration;

use dev_services::directories;
use dev_services::process::{ChildProcess, OutputTo};
use tokio::time::{Instant, sleep};

use super::Ports;
use crate::error::Error;
use crate::running::Running;
use crate::{cargo, http};

const HEALTHY_WITHIN: Duration = Duration::from_mins(1);
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Both programs, running.
pub struct App {
    worker: Program,
    api: Program,
}

impl App {
    /// Starts both, with these environment variables besides those of this process.
    pub async fn start(
        record: &Running,
        ports: Ports,
        variables: &[(&str, &str)],
        release: bool,
    ) -> Result<Self, Error> {
        let metrics_port = ports.metrics.to_string();
        let start = async |name, variable, port: u16| {
            let mut command = Command::new(cargo::executable(&format!("totals-{name}"), release));
            command
                .current_dir(directories::workspace())
                .env("DATABASE_URL", &record.database_url)
                .env("RABBITMQ_URL", &record.rabbitmq_url)
                .env("METRICS_PORT", &metrics_port)
                .env(variable, port.to_string())
                .envs(variables.iter().copied());
            let process = ChildProcess::spawn(&command, &OutputTo::Lines).await?;
            Ok::<_, Error>(Program { name, port, process })
        };
        Ok(Self {
            worker: start("worker", "WORKER_PORT", ports.worker).await?,
            api: start("api", "PORT", ports.api).await?,
        })
    }

    /// Waits until both `/health` answer 200.
    pub async fn until_healthy(&mut self) -> Result<(), Error> {
        let (worker, api) = (self.worker.port, self.api.port);
        tokio::select! {
            error = self.died() => Err(error),
            outcome = async { healthy(worker).await?; healthy(api).await } => outcome,
        }
    }

    /// Shows the output of both until one ends. Cancel-safe.
    pub async fn died(&mut self) -> Error {
        tokio::select! {
            error = self.worker.died() => error,
            error = self.api.died() => error,
        }
    }

    /// SIGTERM to both at once, and whatever they have to say about it.
    pub async fn stop(&mut self) {
        tokio::join!(self.worker.stop(), self.api.stop());
    }
}

struct Program {
    name: &'static str,
    port: u16,
    process: ChildProcess,
}

impl Program {
    async fn died(&mut self) -> Error {
        self.show_output().await;
        Error::AppDied {
            program: self.name,
            exit: self.process.wait().await,
        }
    }

    async fn stop(&mut self) {
        let ended_before = self.process.try_wait().is_some();
        let exit = self.process.stop().await;
        if !ended_before && !exit.success() {
            println!("totals-{} did not stop in order ({exit})", self.name);
        }
        self.show_output().await;
    }

    /// Until the program closes its output. Cancel-safe.
    async fn show_output(&mut self) {
        loop {
            match self.process.next_line().await {
                Ok(Some(line)) => println!("{:>6} | {line}", self.name),
                Err(error) if error.kind() == ErrorKind::InvalidData => {} // not UTF-8: skip the line
                Ok(None) | Err(_) => return,
            }
        }
    }
}

async fn healthy(port: u16) -> Result<(), Error> {
    let deadline = Instant::now() + HEALTHY_WITHIN;
    loop {
        let last = match http::get(port, "/health").await {
            Ok((200, _)) => return Ok(()),
            Ok((status, body)) => format!("{status} {body}"),
            Err(error) => error.to_string(),
        };
        if Instant::now() >= deadline {
            let url = format!("http://localhost:{port}/health");
            return Err(Error::NotHealthy {
                url,
                waited: HEALTHY_WITHIN,
                last,
            });
        }
        sleep(POLL_INTERVAL).await;
    }
}
