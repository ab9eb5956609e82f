//! A TCP connection that tells whether it is in use, and that hides its end from hyper while an answer is owed.
//!
//! **In use.** A connection on which nothing is written any more has no request to answer and no stream to serve. One timer
//! in a while is enough to find that out. Rejected: hyper's own `header_read_timeout` (as of 1.12), which allocates, registers
//! and drops a timer for every request, and has one duration where a first head and the next one need two.
//!
//! **The end.** A client may close its half of the connection after its request (`nc -N`, some proxies) and wait for the
//! answer. hyper would drop the answer when it reads that end. With its `half_close` option it would take no notice of the
//! end at all, and a stream whose watcher has gone would live until the next write fails. So the end is held back as long as
//! an answer of known length is owed. A stream ends with its client's half.

use std::io::{IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use futures::task::AtomicWaker;
use hyper::body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// What has happened on a connection.
#[derive(Debug, Default)]
pub struct Activity {
    /// True if a request has come since this was last cleared.
    pub requested: AtomicBool,
    /// True if something was written since this was last cleared; with HTTP/2, if a part of an answer was taken.
    pub wrote: AtomicBool,
    /// True from a request until all of its answer is handed to hyper.
    owed: AtomicBool,
    /// Wakes the connection to read the end that was held back.
    end_held: AtomicWaker,
}

impl Activity {
    /// Notes that a request has come.
    pub fn begin(&self) {
        self.requested.store(true, Ordering::Relaxed);
        self.owed.store(true, Ordering::Relaxed);
    }

    /// Returns true if a request has come or something was written since the last call.
    pub fn take(&self) -> bool {
        self.requested.swap(false, Ordering::Relaxed) | self.wrote.swap(false, Ordering::Relaxed)
    }

    fn settle(&self) {
        self.owed.store(false, Ordering::Relaxed);
        self.end_held.wake();
    }
}

/// An answer that is owed until its body is dropped. A stream, which has no end to wait for, is not owed at all.
pub fn owed(answer: Response, activity: Arc<Activity>) -> hyper::Response<OwedBody> {
    if answer.body().size_hint().exact().is_none() {
        activity.settle();
    }
    answer.map(|body| OwedBody { body, activity })
}

/// The body of an answer that is owed.
pub struct OwedBody {
    body: Body,
    activity: Arc<Activity>,
}

impl HttpBody for OwedBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.body)
            .poll_frame(cx)
            .map_err(axum::Error::into_inner)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for OwedBody {
    fn drop(&mut self) {
        self.activity.settle();
    }
}

/// The connection.
pub struct TrackedStream {
    stream: TcpStream,
    activity: Arc<Activity>,
}

impl TrackedStream {
    /// The connection, and what happens on it.
    pub fn new(stream: TcpStream) -> (Self, Arc<Activity>) {
        let activity = Arc::<Activity>::default();
        let connection = Self {
            stream,
            activity: activity.clone(),
        };
        (connection, activity)
    }

    fn note(&self, written: Poll<Result<usize>>) -> Poll<Result<usize>> {
        if matches!(written, Poll::Ready(Ok(1..))) {
            self.activity.wrote.store(true, Ordering::Relaxed);
        }
        written
    }
}

impl AsyncRead for TrackedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let ended = matches!(read, Poll::Ready(Ok(()))) && buffer.filled().len() == before;
        if ended && self.activity.owed.load(Ordering::Relaxed) {
            self.activity.end_held.register(cx.waker());
            return Poll::Pending;
        }
        read
    }
}

impl AsyncWrite for TrackedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.note(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
