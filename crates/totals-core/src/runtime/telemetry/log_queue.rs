//! Lines of the log on their way to standard output, which may be a pipe that nobody reads.
//!
//! A task that logs never waits for the reader: lines are queued in memory, and one thread writes them. The queue is
//! bounded in bytes. While the reader is too slow or gone, further lines are dropped and counted, and a line says how
//! many were once the reader is back. `tracing-appender` would do much the same, but it bounds the lines and not their
//! bytes, and nothing tells the operator of those that are missing.

use std::io::{self, ErrorKind, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

/// The most that may wait to be written, in bytes: some ten thousand lines.
const MAX_WAITING_BYTES: usize = 4 * 1024 * 1024;

/// How soon a non-blocking output that takes nothing is tried again.
const TRY_AGAIN: Duration = Duration::from_millis(10);

/// How many lines of the log were dropped since the process started.
#[derive(Debug, Clone, Default)]
pub struct DroppedLines(Arc<AtomicU64>);

impl DroppedLines {
    /// The count.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self, lines: u64) {
        self.0.fetch_add(lines, Ordering::Relaxed);
    }
}

/// The queue; each write to it is one whole line, and never blocks.
#[derive(Debug, Clone, Default)]
pub struct LogQueue(Arc<Queue>);

#[derive(Debug, Default)]
struct Queue {
    lines: Mutex<QueuedLines>,
    /// Wakes the thread that writes.
    filled: Condvar,
    /// Wakes those who wait until all is written.
    emptied: Condvar,
    dropped: DroppedLines,
}

#[derive(Debug, Default)]
struct QueuedLines {
    waiting: Vec<u8>,
    /// How many bytes the thread has taken and not written yet.
    writing: usize,
    /// The thread that writes: its own lines are never dropped.
    writer: Option<ThreadId>,
}

impl LogQueue {
    /// Starts the thread that writes to `output`.
    ///
    /// # Errors
    /// If the thread cannot be started.
    pub fn start(output: impl Write + Send + 'static) -> io::Result<Self> {
        let queue = Self::default();
        let writer = queue.clone();
        std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || writer.run(output))?;
        Ok(queue)
    }

    /// The count of lines that were dropped, as it grows.
    pub fn dropped(&self) -> DroppedLines {
        self.0.dropped.clone()
    }

    /// Waits until all is written, at most so long.
    pub fn flush(&self, at_most: Duration) {
        let deadline = Instant::now() + at_most;
        let mut lines = self.0.lines.lock();
        while !lines.waiting.is_empty() || lines.writing > 0 {
            if self.0.emptied.wait_until(&mut lines, deadline).timed_out() {
                return;
            }
        }
    }

    /// The thread: writes for as long as the process lives.
    fn run(&self, mut output: impl Write) {
        self.0.lines.lock().writer = Some(std::thread::current().id());
        let mut told = 0;
        loop {
            let lines = self.take();
            match write_all(&mut output, &lines) {
                Ok(()) => self.tell(&mut told),
                Err(unwritten) => self.0.dropped.add(count_lines(unwritten)),
            }
            self.0.lines.lock().writing = 0;
        }
    }

    /// Takes all that waits, as soon as anything does.
    fn take(&self) -> Vec<u8> {
        let mut lines = self.0.lines.lock();
        while lines.waiting.is_empty() {
            self.0.emptied.notify_all();
            self.0.filled.wait(&mut lines);
        }
        let taken = std::mem::take(&mut lines.waiting);
        lines.writing = taken.len();
        taken
    }

    /// Logs how many lines are missing; the reader is there, since something was just written.
    fn tell(&self, told: &mut u64) {
        let dropped = self.0.dropped.count();
        let count = dropped - *told;
        if count > 0 {
            *told = dropped;
            tracing::warn!(
                count,
                "lines of the log were dropped: whatever reads standard output was too slow"
            );
        }
    }
}

impl Write for LogQueue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut lines = self.0.lines.lock();
        let full = lines.waiting.len() + lines.writing + line.len() > MAX_WAITING_BYTES;
        if full && lines.writer != Some(std::thread::current().id()) {
            self.0.dropped.add(1);
        } else {
            lines.waiting.extend_from_slice(line);
            self.0.filled.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes all of it, or returns what could not be written.
fn write_all<'a>(output: &mut impl Write, mut lines: &'a [u8]) -> Result<(), &'a [u8]> {
    while !lines.is_empty() {
        match output.write(lines) {
            Ok(0) => return Err(lines),
            Ok(written) => lines = &lines[written..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // Whoever shares the pipe may have made it non-blocking.
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::park_timeout(TRY_AGAIN),
            Err(_) => return Err(lines),
        }
    }
    Ok(())
}

fn count_lines(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read};

    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    fn line(number: usize) -> String {
        format!("{number:>1023}\n")
    }

    #[test]
    fn what_is_logged_is_written_in_order_and_flushed() {
        let (reader, writer) = io::pipe().unwrap();
        let mut queue = LogQueue::start(writer).unwrap();
        for number in 0..3 {
            queue.write_all(line(number).as_bytes()).unwrap();
        }
        queue.flush(LONG);
        let read: Vec<_> = BufReader::new(reader)
            .lines()
            .take(3)
            .map(Result::unwrap)
            .collect();
        let expected: Vec<_> = (0..3).map(|number| line(number).trim_end().to_owned()).collect();
        assert_eq!(read, expected);
        assert_eq!(queue.dropped().count(), 0);
    }

    #[test]
    fn a_reader_that_stalls_costs_lines_beyond_the_bound_and_nobody_waits() {
        let (mut reader, writer) = io::pipe().unwrap();
        let mut queue = LogQueue::start(writer).unwrap();
        let lines = 2 * MAX_WAITING_BYTES / 1024;
        for number in 0..lines {
            queue.write_all(line(number).as_bytes()).unwrap();
        }
        queue.flush(Duration::from_millis(10));
        let dropped = usize::try_from(queue.dropped().count()).unwrap();
        assert!(
            (lines / 2 - 100..=lines / 2).contains(&dropped),
            "{dropped} of {lines}"
        );
        let mut kept = vec![0; (lines - dropped) * 1024];
        reader.read_exact(&mut kept).unwrap();
        assert!(kept.starts_with(line(0).as_bytes()), "the first lines are kept");
        queue.flush(LONG);
        queue.write_all(line(lines).as_bytes()).unwrap();
        let mut next = vec![0; 1024];
        reader.read_exact(&mut next).unwrap();
        assert_eq!(next, line(lines).as_bytes(), "and there is room again");
    }

    #[test]
    fn a_reader_that_is_gone_costs_lines_and_no_more() {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let mut queue = LogQueue::start(writer).unwrap();
        queue.write_all(line(0).as_bytes()).unwrap();
        queue.flush(LONG);
        assert_eq!(queue.dropped().count(), 1);
    }
}
