//! Standard input, for a container without a file system of its own.

use std::io::{self, Read};
use std::thread;

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

const PIECE_BYTES: usize = 64 * 1024;

/// Standard input as a file. A stop ends it, because a pipe may stay open and silent for ever.
pub struct Stdin {
    pieces: mpsc::Receiver<io::Result<Vec<u8>>>,
    piece: io::Cursor<Vec<u8>>,
    runtime: Handle,
    stop: CancellationToken,
}

impl Stdin {
    /// Opens it, to be read where a thread may block, until `stop` is cancelled.
    ///
    /// # Errors
    /// The machine's, if it has no thread left.
    pub fn open(runtime: Handle, stop: CancellationToken) -> io::Result<Self> {
        let (sender, pieces) = mpsc::channel(1);
        // A thread of its own: only input ends its waiting, and nobody waits for the thread.
        thread::Builder::new()
            .name("stdin".to_owned())
            .spawn(move || read(&mut io::stdin().lock(), &sender))?;
        Ok(Self {
            pieces,
            piece: io::Cursor::default(),
            runtime,
            stop,
        })
    }
}

fn read(stdin: &mut impl Read, pieces: &mpsc::Sender<io::Result<Vec<u8>>>) {
    loop {
        let mut piece = vec![0; PIECE_BYTES];
        let read = stdin.read(&mut piece).map(|bytes| {
            piece.truncate(bytes);
            piece
        });
        let last = read
            .as_ref()
            .map_or_else(|error| error.kind() != io::ErrorKind::Interrupted, Vec::is_empty);
        if pieces.blocking_send(read).is_err() || last {
            return;
        }
    }
}

impl Read for Stdin {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.piece.read(buffer)?;
        if read > 0 {
            return Ok(read);
        }
        let next = self.runtime.block_on(async {
            tokio::select! {
                piece = self.pieces.recv() => piece.transpose(),
                () = self.stop.cancelled() => Err(io::Error::other("stopped")),
            }
        });
        self.piece = io::Cursor::new(next?.unwrap_or_default());
        self.piece.read(buffer)
    }
}
