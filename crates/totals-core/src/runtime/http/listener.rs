//! The listening socket, and what every connection inherits from it.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpSocket};

use crate::runtime::config;

/// Connections that the kernel may hold until they are accepted, if `net.core.somaxconn` allows as many: a crowd
/// that comes at once.
const BACKLOG: u32 = 4096;

/// Open files that connections must leave to the rest of the process, to reach its dependencies above all.
const RESERVED_FILES: u64 = 256;

/// Where more files may be open than that: memory, at some kilobytes each, is the next bound.
const MOST_CONNECTIONS: u64 = 100_000;

/// What the kernel may hold of answers that a client does not fetch, in bytes; Linux doubles it for its own
/// bookkeeping. By itself it would grow to megabytes for each client that reads slowly.
const SEND_BUFFER: u32 = 64 * 1024;

/// What may wait to be sent to one client before more is taken from its answer, in bytes: whoever reads an event stream
/// slowly is sent the newest state soon, not kilobytes of older ones first.
#[cfg(target_os = "linux")]
const UNSENT: u32 = 16 * 1024;

/// How long what was sent may stay unacknowledged, and a reader's window closed: whoever is gone without a word, or
/// never reads, is then disconnected. Without it Linux keeps trying for a quarter of an hour, and for ever where a
/// closed window is acknowledged.
#[cfg(target_os = "linux")]
const UNREAD_TIMEOUT: Duration = Duration::from_secs(30);

/// Why nothing can be served, as one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Something else listens there.
    #[error(
        "port {port} is in use: stop what listens there (`ss -ltnp 'sport = :{port}'` names it), or set {variable} to \
         another port (0 takes any free one)"
    )]
    PortTaken {
        /// The port.
        port: u16,
        /// The variable that sets it.
        variable: &'static str,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address} ({error}): check HOST and {variable}")]
    Refused {
        /// Where.
        address: SocketAddr,
        /// Why not.
        error: std::io::Error,
        /// The variable that sets the port.
        variable: &'static str,
    },
}

/// Opens the listener, and logs its address.
///
/// # Errors
/// [`ListenError`] if the port is taken or the address is not this machine's.
pub fn listen(config: &config::Http) -> Result<TcpListener, ListenError> {
    let (address, variable) = (SocketAddr::new(config.host, config.port), config.port_variable);
    allow_open_files();
    let opened = || {
        let listener = open(address)?;
        tracing::info!(
            address = format!("http://{}", listener.local_addr()?),
            "listening"
        );
        Ok(listener)
    };
    opened().map_err(|error: std::io::Error| match error.kind() {
        ErrorKind::AddrInUse => ListenError::PortTaken {
            port: config.port,
            variable,
        },
        _ => ListenError::Refused {
            address,
            error,
            variable,
        },
    })
}

fn open(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // A restart need not wait for the last connections of the process before it.
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    #[cfg(target_os = "linux")]
    {
        let socket = socket2::SockRef::from(&socket);
        socket.set_tcp_user_timeout(Some(UNREAD_TIMEOUT))?;
        socket.set_tcp_notsent_lowat(UNSENT)?;
    }
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// How many connections may be open at once.
pub fn most_connections() -> usize {
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let most = files.saturating_sub(RESERVED_FILES).clamp(1, MOST_CONNECTIONS);
    usize::try_from(most).unwrap_or(usize::MAX)
}

/// Raises this process's limit of open files, of which each connection is one, to what it is allowed: the usual
/// 1,024 are for programs that use `select`.
fn allow_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let raised = rustix::process::Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, limit = limit.current, "the limit of open files could not be raised");
    }
}
