//! Which TCP port a server gets.
//!
//! Free ports are drawn from below the range that the kernel gives to outgoing connections (32768 and
//! up on Linux). A server that is killed and restarted comes back on its old port, and while it is
//! away its clients keep dialling that port on this very machine: within the ephemeral range such a
//! dial can be given the server's port as its own source port, and then even connects to itself.
//!
//! A port that was drawn is not drawn again by the same process: RabbitMQ listens seconds after it was started, and a
//! server that a test has stopped comes back.

use std::collections::HashSet;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{LazyLock, Mutex, PoisonError};

use crate::Error;

/// Where free ports are looked for.
const FREE: std::ops::Range<u16> = 20_000..32_000;

/// A server's port on 127.0.0.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Port {
    /// Any free one.
    #[default]
    Free,
    /// This one, or any free one while this is taken.
    Preferred(u16),
    /// This one or an error.
    Exact(u16),
}

impl Port {
    pub(crate) fn resolve(self) -> Result<u16, Error> {
        match self {
            Self::Free => Ok(free()),
            Self::Preferred(port) | Self::Exact(port) if is_free(port) => Ok(port),
            Self::Preferred(port) => {
                let other = free();
                tracing::warn!("port {port} is in use; using {other} in its place");
                Ok(other)
            }
            Self::Exact(port) => Err(Error::PortInUse { port }),
        }
    }
}

/// Returns true if a server could listen on `127.0.0.1:port` right now.
///
/// Tries both the loopback address and the wildcard: a listener on either is in a client's way.
pub fn is_free(port: u16) -> bool {
    [Ipv4Addr::LOCALHOST, Ipv4Addr::UNSPECIFIED]
        .into_iter()
        .all(|host| TcpListener::bind((host, port)).is_ok())
}

/// A port that nobody listens on and that was not drawn before. Two processes draw the same one only by a rare accident.
pub fn free() -> u16 {
    static DRAWN: LazyLock<Mutex<HashSet<u16>>> = LazyLock::new(Mutex::default);
    let mut drawn = DRAWN.lock().unwrap_or_else(PoisonError::into_inner);
    let candidates = std::iter::repeat_with(|| rand::random_range(FREE));
    // A machine on which all of 12,000 ports are taken runs no tests; 0 then fails at the server, by name.
    candidates
        .take(1_000)
        .find(|port| is_free(*port) && drawn.insert(*port))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken() -> (TcpListener, u16) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        (listener, port)
    }

    #[test]
    fn a_taken_preferred_port_gives_way_to_a_free_one() {
        let (_listener, port) = taken();
        let other = Port::Preferred(port).resolve().unwrap();
        assert!(other != port && FREE.contains(&other));
    }

    #[test]
    fn a_taken_exact_port_is_an_error_that_names_it() {
        let (_listener, port) = taken();
        let error = Port::Exact(port).resolve().unwrap_err();
        assert!(
            error
                .to_string()
                .contains(&format!("port {port} on 127.0.0.1 is in use"))
        );
    }

    #[test]
    fn no_port_is_drawn_twice() {
        let mut drawn: Vec<u16> = std::iter::repeat_with(free).take(1_000).collect();
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn.len(), 1_000);
    }

    #[test]
    fn a_free_preferred_port_is_taken() {
        let port = free();
        assert_eq!(Port::Preferred(port).resolve().unwrap(), port);
    }
}
