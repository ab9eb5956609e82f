//! A raw TCP client: one that says what no proper client would, or says nothing at all.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use super::{DEADLINE, Process};

/// What a reader that never reads lets its kernel take for it, in bytes.
const SMALL_WINDOW: u32 = 4096;

/// One connection to a process's HTTP server.
pub struct Client(TcpStream);

/// What came back until the server closed the connection.
#[derive(Debug)]
pub struct Reply {
    /// Of the first answer; 0 if there was none.
    pub status: u16,
    /// All of it: every answer's head and body.
    pub text: String,
}

impl Client {
    /// Connects.
    pub async fn connect(process: &Process) -> Self {
        let address = process.url.trim_start_matches("http://");
        let connecting = tokio::time::timeout(DEADLINE, TcpStream::connect(address));
        let connected = connecting.await.expect("the connection should have been taken");
        Self(connected.unwrap())
    }

    /// Connects with little room for what it may never read.
    pub async fn connect_narrow(process: &Process) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(SMALL_WINDOW).unwrap();
        let address = process.url.trim_start_matches("http://").parse().unwrap();
        Self(socket.connect(address).await.unwrap())
    }

    /// Sends these bytes; false if the server has closed the connection.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.0.write_all(bytes.as_ref()).await.is_ok()
    }

    /// Sends a GET whose connection goes on afterwards.
    pub async fn ask(&mut self, path: &str) {
        let request = format!("GET {path} HTTP/1.1\r\nhost: totals\r\n\r\n");
        assert!(self.send(request).await, "the server closed the connection");
    }

    /// Says that nothing more will be sent, and goes on reading.
    pub async fn say_no_more(&mut self) {
        self.0.shutdown().await.unwrap();
    }

    /// Reads until this text has come.
    pub async fn read_until(&mut self, text: &str) -> String {
        let mut received = Vec::new();
        let reading = async {
            while !received.windows(text.len()).any(|part| part == text.as_bytes()) {
                let read = self.0.read_buf(&mut received).await.unwrap();
                assert!(read > 0, "closed after {}", String::from_utf8_lossy(&received));
            }
        };
        tokio::time::timeout(DEADLINE, reading)
            .await
            .unwrap_or_else(|_| panic!("`{text}` should have come"));
        String::from_utf8_lossy(&received).into_owned()
    }

    /// Reads what has come by now; false once the server has closed the connection.
    pub fn is_open(&mut self) -> bool {
        let mut buffer = [0; 4096];
        loop {
            match self.0.try_read(&mut buffer) {
                Ok(0) => return false,
                Ok(_) => {}
                Err(error) => return error.kind() == std::io::ErrorKind::WouldBlock,
            }
        }
    }

    /// Reads until the server closes the connection, if it does within this time.
    pub async fn until_closed(&mut self, within: Duration) -> Option<Reply> {
        let mut received = Vec::new();
        let reading = async { while matches!(self.0.read_buf(&mut received).await, Ok(1..)) {} };
        tokio::time::timeout(within, reading).await.ok()?;
        let text = String::from_utf8_lossy(&received).into_owned();
        let status = text.get("HTTP/1.1 ".len()..).and_then(|rest| rest.get(..3));
        Some(Reply {
            status: status.and_then(|status| status.parse().ok()).unwrap_or(0),
            text,
        })
    }
}
