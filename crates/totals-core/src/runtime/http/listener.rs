//! The listening socket, and the options that every connection inherits from it.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpSocket};

use crate::runtime::config;

/// How many connections the kernel holds until they are accepted, if `net.core.somaxconn` allows as many: room for a crowd
/// that comes at once.
const BACKLOG: u32 = 4096;

/// How many open files connections must leave to the rest of the process, above all for its own connections to others.
const RESERVED_FILES: u64 = 256;

/// The most connections, even if more files may be open: each takes some kilobytes of memory.
const MAX_CONNECTIONS: u64 = 100_000;

/// How much of its answers the kernel holds for a client that does not fetch them, in bytes; Linux doubles it for its own
/// bookkeeping. Without it the buffer would grow to megabytes for each client that reads slowly.
const SEND_BUFFER_BYTES: u32 = 64 * 1024;

/// With this many bytes waiting to be sent to a client, no more is taken from its answer: a client that reads an event stream
/// slowly is soon sent the newest state, not kilobytes of older ones first.
#[cfg(target_os = "linux")]
const MAX_UNSENT_BYTES: u32 = 16 * 1024;

/// How long sent data may stay unacknowledged, and a reader's window closed. Then the client, which has vanished or never
/// reads, is disconnected. Without it Linux tries for a quarter of an hour, and for ever if the client acknowledges that its
/// window is closed.
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
pub fn listen(config: &config::HttpConfig) -> Result<TcpListener, ListenError> {
    let (address, variable) = (SocketAddr::new(config.host, config.port), config.port_variable);
    allow_open_files();
    let opened = || {
        let listener = open(address)?;
        tracing::info!(
            address = format!("http://{}", listener.local_addr()?),
            variable,
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
    // A restart need not wait for the last connections of the previous process.
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    #[cfg(target_os = "linux")]
    {
        let socket = socket2::SockRef::from(&socket);
        socket.set_tcp_user_timeout(Some(UNREAD_TIMEOUT))?;
        socket.set_tcp_notsent_lowat(MAX_UNSENT_BYTES)?;
    }
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// The most connections that may be open at once.
pub fn max_connections() -> usize {
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let most = files.saturating_sub(RESERVED_FILES).clamp(1, MAX_CONNECTIONS);
    usize::try_from(most).unwrap_or(usize::MAX)
}

/// Raises this process's limit of open files to what it is allowed, because each connection is an open file. The usual 1,024
/// are meant for programs that use `select`.
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
