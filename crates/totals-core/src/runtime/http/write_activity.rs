//! A connection that notes what happens on it, and keeps back that its client has nothing more to say.
//!
//! hyper can time its wait for a request's head, at the price of a new timer for every request. What was written tells
//! as much: a connection on which nothing is written any more has no request to answer and no stream to tell, and one
//! timer in a while is enough to find that out.
//!
//! A client may close its half of the connection when it has asked (`nc -N`, some proxies), and wait for the answer. hyper
//! would drop the answer at the sight of that end. Its `half_close` would not, but then it takes no notice of the end at
//! all, and a stream whose watcher has gone would live until the next write fails. So the end is kept back for as long
//! as a whole answer is owed, and no longer: a stream ends with it as before.

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
pub struct Notes {
    /// A request has come since this was last cleared.
    pub begun: AtomicBool,
    /// Something was written since this was last cleared.
    pub wrote: AtomicBool,
    /// A request has come, and not all of its answer is handed over.
    owed: AtomicBool,
    /// Wakes the connection to look at the end that was kept back.
    kept_back: AtomicWaker,
}

impl Notes {
    /// A request has come.
    pub fn begin(&self) {
        self.begun.store(true, Ordering::Relaxed);
        self.owed.store(true, Ordering::Relaxed);
    }

    fn owe_nothing(&self) {
        self.owed.store(false, Ordering::Relaxed);
        self.kept_back.wake();
    }
}

/// An answer that says when all of it was handed over, or that it is a stream, which has no end to wait for.
pub fn watched(answer: Response, notes: Arc<Notes>) -> hyper::Response<WatchedBody> {
    if answer.body().size_hint().exact().is_none() {
        notes.owe_nothing();
    }
    answer.map(|body| WatchedBody { body, notes })
}

/// The body of such an answer.
pub struct WatchedBody {
    body: Body,
    notes: Arc<Notes>,
}

impl HttpBody for WatchedBody {
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

impl Drop for WatchedBody {
    fn drop(&mut self) {
        self.notes.owe_nothing();
    }
}

/// The connection.
pub struct Watched {
    stream: TcpStream,
    notes: Arc<Notes>,
}

impl Watched {
    /// The connection, and what happens on it.
    pub fn new(stream: TcpStream) -> (Self, Arc<Notes>) {
        let notes = Arc::default();
        let connection = Self {
            stream,
            notes: Arc::clone(&notes),
        };
        (connection, notes)
    }

    fn note(&self, written: Poll<Result<usize>>) -> Poll<Result<usize>> {
        if matches!(written, Poll::Ready(Ok(1..))) {
            self.notes.wrote.store(true, Ordering::Relaxed);
        }
        written
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let ended = matches!(read, Poll::Ready(Ok(()))) && buffer.filled().len() == before;
        if ended && self.notes.owed.load(Ordering::Relaxed) {
            self.notes.kept_back.register(cx.waker());
            return Poll::Pending;
        }
        read
    }
}

impl AsyncWrite for Watched {
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
