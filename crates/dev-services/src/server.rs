//! What the two servers have in common: a process or a container that can be stopped, killed, frozen
//! and started again on the same port and data, and a way to wait until it answers.

use std::str::FromStr;
use std::time::Duration;

use tokio::time::Instant;

use crate::Error;
use crate::docker::Container;
use crate::kind::Kind;
use crate::native::NativeInstance;

/// A cause that a client library gave.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// How long a started server may take until it answers. A cold start takes 3 s on an idle machine.
const READY_TIMEOUT: Duration = Duration::from_secs(90);

/// Pause between two looks at a starting server.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Where servers of our own come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Containers of a Docker engine.
    Docker,
    /// Processes on this machine.
    Native,
}

impl Source {
    /// The source that `DEV_SERVICES` (`docker` or `native`) asks for; `None` leaves the choice to us.
    pub fn from_env() -> Option<Self> {
        std::env::var("DEV_SERVICES")
            .ok()
            .and_then(|value| value.parse().ok())
    }
}

impl FromStr for Source {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "docker" => Ok(Self::Docker),
            "native" => Ok(Self::Native),
            _ => Err(()),
        }
    }
}

/// A server of our own, wherever it runs.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there are two of them in a process, and they stay where they are"
)]
pub(crate) enum Instance {
    Native(NativeInstance),
    Container(Container),
}

impl Instance {
    pub async fn launch(&mut self) -> Result<(), Error> {
        match self {
            Self::Native(native) => native.launch().await,
            Self::Container(container) => container.launch().await,
        }
    }

    pub async fn stop(&mut self) -> Result<(), Error> {
        match self {
            Self::Native(native) => native.stop().await,
            Self::Container(container) => container.stop().await?,
        }
        Ok(())
    }

    pub async fn kill(&mut self) -> Result<(), Error> {
        match self {
            Self::Native(native) => native.kill().await,
            Self::Container(container) => container.kill().await?,
        }
        Ok(())
    }

    pub async fn pause(&mut self) -> Result<(), Error> {
        match self {
            Self::Native(native) => native.pause().await,
            Self::Container(container) => container.pause().await?,
        }
        Ok(())
    }

    pub async fn resume(&mut self) -> Result<(), Error> {
        match self {
            Self::Native(native) => native.resume(),
            Self::Container(container) => container.resume().await?,
        }
        Ok(())
    }

    pub fn pid(&self) -> Option<u32> {
        match self {
            Self::Native(native) => native.pid(),
            Self::Container(_) => None,
        }
    }

    pub fn source(&self) -> Source {
        match self {
            Self::Native(_) => Source::Native,
            Self::Container(_) => Source::Docker,
        }
    }

    /// Returns once the server has ended without having been asked to. Cancel-safe.
    pub async fn died(&mut self) -> Error {
        match self {
            Self::Native(native) => native.died().await,
            Self::Container(container) => container.died().await,
        }
    }

    fn log(&self) -> String {
        match self {
            Self::Native(native) => format!("its log is {}", native.log().display()),
            Self::Container(container) => format!("`docker logs {}` shows its log", container.id()),
        }
    }

    /// Waits until `probe` succeeds, the server dies or the time is up.
    pub async fn ready(
        &mut self,
        kind: Kind,
        mut probe: impl AsyncFnMut() -> Result<(), Cause>,
    ) -> Result<(), Error> {
        let deadline = Instant::now() + READY_TIMEOUT;
        loop {
            let Err(source) = probe().await else { return Ok(()) };
            if Instant::now() >= deadline {
                return Err(Error::NotReady {
                    kind,
                    seconds: READY_TIMEOUT.as_secs(),
                    log: self.log(),
                    source,
                });
            }
            tokio::select! {
                died = self.died() => return Err(died),
                () = tokio::time::sleep(POLL_INTERVAL) => {}
            }
        }
    }
}
