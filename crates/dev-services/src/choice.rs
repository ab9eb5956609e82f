//! Container or process: who provides a server.

use crate::Error;
use crate::docker;
use crate::server::{Kind, Source};

/// Decides for `wanted`, else for what `DEV_SERVICES` says, else for Docker where that can help.
pub(crate) async fn source(kind: Kind, wanted: Option<Source>) -> Result<Source, Error> {
    match wanted.or_else(Source::from_env) {
        Some(Source::Native) => Ok(Source::Native),
        Some(Source::Docker) => match docker::available(kind).await {
            Ok(()) => Ok(Source::Docker),
            Err(reason) => Err(Error::Docker { kind, reason }),
        },
        None => match docker::available(kind).await {
            Ok(()) => Ok(Source::Docker),
            Err(reason) => {
                tracing::debug!("{kind}: {reason}; using a process of this machine");
                Ok(Source::Native)
            }
        },
    }
}
