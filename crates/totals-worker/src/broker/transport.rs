//! lapin's way to the network. Every frame is sanitized on its way in (see [`crate::broker::sanitize`]).
//!
//! lapin takes a transport of ours only as part of a runtime of ours, so this is tokio's runtime with another TCP stream.
//! TLS is inside of that stream, so the bytes that are sanitized are those that lapin parses.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use async_rs::traits::Reactor;
use async_rs::util::RuntimeParts;
use async_rs::{Runtime, Tokio, TokioRuntime};
use futures::Stream;
use futures::io::{AsyncRead, AsyncWrite};
use lapin::tcp::{AMQPUriTcpExt, OwnedTLSConfig};
use lapin::uri::AMQPUri;
use lapin::{AsyncTcpStream, Connection, ConnectionProperties};

use crate::broker::byte_budget::ByteBudget;
use crate::broker::sanitize::{content_len, frame_len, sanitize};

/// The most bytes read at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// Connects through a sanitizing stream, which stops reading while the `budget` is spent. Only a connection that consumes
/// and does nothing else has a budget.
///
/// # Errors
/// As [`Connection::connect_uri`].
pub async fn connect(
    uri: AMQPUri,
    properties: ConnectionProperties,
    budget: Option<ByteBudget>,
) -> lapin::Result<Connection> {
    let runtime = Runtime::new(RuntimeParts::new(Tokio::current(), Sanitizing(Tokio::current())));
    let network = TokioRuntime::tokio_current();
    let connect = async move |uri: AMQPUri, _: Runtime<RuntimeParts<Tokio, Sanitizing>>| {
        let stream = uri
            .connect_with_config_async(OwnedTLSConfig::default().as_ref(), &network)
            .await?;
        Ok(AsyncTcpStream::Plain(Sanitized::new(stream, budget.clone())))
    };
    Connection::connector(uri, runtime, connect, properties).await
}

type Socket = AsyncTcpStream<<Tokio as Reactor>::TcpStream>;

/// Tokio's reactor, whose streams are sanitized.
#[derive(Debug, Clone)]
struct Sanitizing(Tokio);

impl Reactor for Sanitizing {
    type TcpStream = Sanitized<Socket>;
    type Sleep = <Tokio as Reactor>::Sleep;

    fn register<H: Read + Write + AsFd + AsRawFd + Send + 'static>(
        &self,
        socket: H,
    ) -> io::Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static> {
        self.0.register(socket)
    }

    fn sleep(&self, dur: Duration) -> Self::Sleep {
        self.0.sleep(dur)
    }

    fn interval(&self, dur: Duration) -> impl Stream<Item = Instant> + Send + 'static {
        self.0.interval(dur)
    }

    fn tcp_connect_addr(
        &self,
        addr: SocketAddr,
    ) -> impl Future<Output = io::Result<Self::TcpStream>> + Send + 'static {
        let connecting = self.0.tcp_connect_addr(addr);
        async move { Ok(Sanitized::new(AsyncTcpStream::Plain(connecting.await?), None)) }
    }
}

/// A stream of AMQP frames that hands out each one whole and sanitized.
#[derive(Debug)]
struct Sanitized<S> {
    stream: S,
    buffer: Vec<u8>,
    /// The end, in the buffer, of the frames that are whole and sanitized and may be handed out.
    whole: usize,
    /// The end, in the buffer, of the bytes that were read.
    filled: usize,
    /// The end, in the buffer, of the bytes that were handed out.
    taken: usize,
    /// Says whether the next message has to wait; none if no message ever has to.
    budget: Option<ByteBudget>,
}

impl<S> Sanitized<S> {
    fn new(stream: S, budget: Option<ByteBudget>) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
            whole: 0,
            filled: 0,
            taken: 0,
            budget,
        }
    }

    /// Sanitizes the frames that are here as a whole. Returns false if the next one has to wait.
    fn sanitize(&mut self, context: &Context<'_>) -> bool {
        while let Some(length) = frame_len(&self.buffer[self.whole..self.filled])
            && self.whole + length <= self.filled
        {
            let frame = &mut self.buffer[self.whole..self.whole + length];
            if let (Some(bytes), Some(budget)) = (content_len(frame), &self.budget)
                && !budget.let_in(bytes, context)
            {
                return false;
            }
            sanitize(frame);
            self.whole += length;
        }
        true
    }

    /// Makes room behind the bytes that were read and not handed out.
    fn make_room(&mut self) {
        self.buffer.copy_within(self.taken..self.filled, 0);
        self.filled -= self.taken;
        (self.taken, self.whole) = (0, 0);
        if self.buffer.len() < self.filled + CHUNK_BYTES {
            self.buffer.resize(self.filled + CHUNK_BYTES, 0);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Sanitized<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        to: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        while this.taken == this.whole {
            let go_on = this.sanitize(context);
            if this.taken < this.whole {
                break;
            }
            if !go_on {
                return Poll::Pending;
            }
            this.make_room();
            let stream = Pin::new(&mut this.stream);
            match ready!(stream.poll_read(context, &mut this.buffer[this.filled..]))? {
                // Part of a frame, or no frames: for lapin to judge.
                0 if this.filled > 0 => this.whole = this.filled,
                0 => return Poll::Ready(Ok(0)),
                count => this.filled += count,
            }
        }
        let count = to.len().min(this.whole - this.taken);
        to[..count].copy_from_slice(&this.buffer[this.taken..this.taken + count]);
        this.taken += count;
        Poll::Ready(Ok(count))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Sanitized<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(context)
    }
}

#[cfg(test)]
mod tests {
    use futures::AsyncReadExt;
    use futures::io::Cursor;

    use super::*;

    /// Gives one byte at a time, as a slow network may.
    struct Slow(Cursor<Vec<u8>>);

    impl AsyncRead for Slow {
        fn poll_read(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            to: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            let end = to.len().min(1);
            Pin::new(&mut self.0).poll_read(context, &mut to[..end])
        }
    }

    #[tokio::test]
    async fn frames_arrive_whole_in_order_and_sanitized_however_they_are_cut() {
        let delivery = |key: u8| {
            let mut frame = b"\x01\0\x01\0\0\0\x11\0\x3c\0\x47\0\0\0\0\0\0\0\x01\0\0\x01".to_vec();
            frame.extend([key, 0, 0xCE]);
            frame
        };
        let body = [&b"\x03\0\x01\0\x02\0\0"[..], &vec![0xFF; 0x20000], b"\xCE"].concat();
        let stream = |key| [&delivery(key)[..], &body, &delivery(key), b"\x08\0"].concat();
        let mut read = Vec::new();
        let slow = Slow(Cursor::new(stream(0xE9)));
        Sanitized::new(slow, None).read_to_end(&mut read).await.unwrap();
        assert!(read == stream(b'?'), "and what is left when the broker hangs up");
    }
}
