//! What goes on while the faults strike: a history is published, and the API is read.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::QUIET_DEADLINE;
use crate::history::History;
use crate::oracle::Oracle;
use crate::producer::{Producer, Progress};
use crate::reader::Reader;
use crate::stage::Stage;

/// A producer and a reader at work.
pub struct Load {
    pub progress: Arc<Progress>,
    pub reader: Arc<Reader>,
    producing: JoinHandle<(History, Oracle)>,
    reading: JoinHandle<()>,
}

impl Load {
    /// Sets both to work.
    pub fn start(stage: &Stage, history: History, rate: u32) -> Self {
        let progress = Arc::new(Progress::default());
        let producer = Producer::new(stage.broker.clone(), history, rate, progress.clone());
        let reader = Arc::new(Reader::new(&stage.api.url));
        Self {
            progress,
            producing: tokio::spawn(producer.run()),
            reading: tokio::spawn({
                let reader = reader.clone();
                async move { reader.run().await }
            }),
            reader,
        }
    }

    /// Ends the history, and returns it once RabbitMQ has confirmed all of it. The reader goes on.
    pub async fn end_history(&mut self) -> (History, Oracle) {
        self.progress.ending.store(true, Ordering::Relaxed);
        timeout(QUIET_DEADLINE, &mut self.producing)
            .await
            .expect("RabbitMQ should have confirmed the end of the history by now")
            .unwrap()
    }

    /// Ends the reader, and returns what should not have been shown.
    pub fn end_reader(&self) -> Vec<String> {
        self.reading.abort();
        self.reader.wrong.lock().unwrap().drain(..).collect()
    }
}
