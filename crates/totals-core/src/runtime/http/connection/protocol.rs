//! Which version of HTTP a client speaks, told by its first bytes, which stay unread.
//!
//! HTTP/2 begins with a preface (RFC 9113, section 3.4) that no request of HTTP/1.1 begins with. So one port serves both, and a
//! proxy that knows of it needs no upgrade. Rejected: hyper-util's `auto::Builder`, which reads the first bytes, and from then on
//! every read of every connection goes through the buffer that gives them back.

use std::io::{Error, ErrorKind};

use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

/// The start of HTTP/2's preface that tells it from every request of HTTP/1.1. `PRI` is reserved as a method for this purpose.
const PREFACE: &[u8; 4] = b"PRI ";

/// A version of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.0 and HTTP/1.1.
    Http1,
    /// HTTP/2 without TLS and without an upgrade ("prior knowledge").
    Http2,
}

/// The protocol that the client begins with; `None` if it says too little before the deadline. Until then a connection costs a
/// socket and a timer; hyper takes 16 KiB for its buffers. (`readable` would not do: to Tokio a socket that was just accepted
/// is readable.)
pub async fn begun(stream: &TcpStream, deadline: Instant) -> Option<Protocol> {
    timeout_at(deadline, detect(stream)).await.ok()?.ok()?
}

async fn detect(stream: &TcpStream) -> std::io::Result<Option<Protocol>> {
    let mut start = [0; PREFACE.len()];
    let mut read = stream.peek(&mut start).await?;
    if is_undecided(&start[..read]) {
        // Peeking again would return the same bytes at once.
        let all_there = || match rustix::io::ioctl_fionread(stream)? {
            there if there < PREFACE.len() as u64 => Err(Error::from(ErrorKind::WouldBlock)),
            _ => Ok(()),
        };
        stream.async_io(Interest::READABLE, all_there).await?;
        read = stream.peek(&mut start).await?;
    }
    Ok(match &start[..read] {
        [] => None,
        start if start == PREFACE => Some(Protocol::Http2),
        _ => Some(Protocol::Http1),
    })
}

/// Returns true if what has come is the start of the preface, and may be that of a request as well.
fn is_undecided(start: &[u8]) -> bool {
    !start.is_empty() && start.len() < PREFACE.len() && PREFACE.starts_with(start)
}
