//! Container or process: who provides a server.

use crate::Error;
use crate::docker::{self, DockerUnavailable};
use crate::kind::Kind;

/// Where servers of our own come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// Containers of a Docker engine.
    Docker,
    /// Processes on this machine.
    Native,
}

impl Provider {
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
pub(crate) async fn source(kind: Kind, wanted: Option<Provider>) -> Result<Provider, Error> {
    let wanted = wanted.or_else(Provider::from_env);
    if wanted == Some(Provider::Native) {
        return Ok(Provider::Native);
    }
    match docker::available(kind).await {
        Ok(()) => Ok(Provider::Docker),
        Err(DockerUnavailable::Absent(reason) | DockerUnavailable::Unusable(reason)) if wanted.is_some() => {
            Err(Error::Docker { kind, reason })
        }
        Err(DockerUnavailable::Absent(reason)) => {
            tracing::debug!("{kind}: {reason}; using a process of this machine");
            Ok(Provider::Native)
        }
        Err(DockerUnavailable::Unusable(reason)) => {
            tracing::warn!("{kind}: {reason}; using a process of this machine");
            Ok(Provider::Native)
        }
    }
}
