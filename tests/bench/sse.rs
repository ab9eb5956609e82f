//! A watcher of a stream: a socket and a line at a time, so that thousands cost little beside what they watch.

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// A state of a campaign is shorter than this.
const BUFFER: usize = 1024;

/// Watches `path` of the server at `url`, and calls `on_line` with each line of the answer's body, until the server ends
/// it.
pub async fn watch(url: &str, path: &str, mut on_line: impl FnMut(&str)) {
    let address = url.strip_prefix("http://").expect("a plain HTTP URL");
    let mut socket = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\naccept: text/event-stream\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut reader = BufReader::with_capacity(BUFFER, socket);
    let mut line = String::new();
    reader.read_line(&mut line).await.unwrap();
    assert!(
        line.starts_with("HTTP/1.1 200"),
        "{path} was answered with {line}"
    );
    while next(&mut reader, &mut line).await && !line.trim_end().is_empty() {}
    // Among the lines are the lengths of the chunks. They look like nothing that a stream says.
    while next(&mut reader, &mut line).await {
        on_line(line.trim_end());
    }
}

async fn next(reader: &mut BufReader<TcpStream>, line: &mut String) -> bool {
    line.clear();
    reader.read_line(line).await.is_ok_and(|length| length > 0)
}
