//! Container or process: who provides a server.

use crate::Error;
use crate::docker::{self, Unavailable};
use crate::kind::Kind;

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
    fn from_env() -> Option<Self> {
        match std::env::var("DEV_SERVICES").as_deref() {
            Ok("docker") => Some(Self::Docker),
            Ok("native") => Some(Self::Native),
            _ => None,
        }
    }
}

/// Decides for `wanted`, else for what `DEV_SERVICES` says, else for Docker where that can help.
pub(crate) async fn source(kind: Kind, wanted: Option<Source>) -> Result<Source, Error> {
    let wanted = wanted.or_else(Source::from_env);
    if wanted == Some(Source::Native) {
        return Ok(Source::Native);
    }
    match docker::available(kind).await {
        Ok(()) => Ok(Source::Docker),
        Err(Unavailable::Absent(reason) | Unavailable::Unusable(reason)) if wanted.is_some() => {
            Err(Error::Docker { kind, reason })
        }
        Err(Unavailable::Absent(reason)) => {
            tracing::debug!("{kind}: {reason}; using a process of this machine");
            Ok(Source::Native)
        }
        Err(Unavailable::Unusable(reason)) => {
            tracing::warn!("{kind}: {reason}; using a process of this machine");
            Ok(Source::Native)
        }
    }
}
