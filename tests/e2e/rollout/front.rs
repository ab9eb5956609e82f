//! What stands before several API processes and passes each new connection to the next one that is ready, as a Service of
//! Kubernetes does.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

use crate::harness::{Process, eventually};

/// Between two probes of each process.
const PERIOD: Duration = Duration::from_millis(100);

/// A listening front; it ends with the runtime.
pub struct Front {
    /// Where readers go.
    pub url: String,
    round: Round,
}

#[derive(Clone, Default)]
struct Round {
    /// The processes that are ready.
    ready: Arc<Mutex<Vec<SocketAddr>>>,
    next: Arc<AtomicUsize>,
    refused: Arc<AtomicUsize>,
}

impl Front {
    /// A front with nothing behind it yet.
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let round = Round::default();
        tokio::spawn({
            let round = round.clone();
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    tokio::spawn(round.clone().pass(client));
                }
            }
        });
        Self { url, round }
    }

    /// From now on it probes this process, and returns when it is in the round.
    pub async fn add(&self, process: &Process) {
        let address: SocketAddr = process.url.trim_start_matches("http://").parse().unwrap();
        tokio::spawn(self.round.clone().probe(address));
        let in_round = async || self.round.ready.lock().unwrap().contains(&address);
        eventually(in_round, |in_round| *in_round).await;
    }

    /// How many connections found no process that took them.
    pub fn refused(&self) -> usize {
        self.round.refused.load(Ordering::Relaxed)
    }
}

impl Round {
    async fn probe(self, address: SocketAddr) {
        let (url, client) = (format!("http://{address}/readyz"), reqwest::Client::new());
        loop {
            let answer = client.get(&url).send().await;
            let ready = answer.is_ok_and(|answer| answer.status().is_success());
            {
                let mut all = self.ready.lock().unwrap();
                all.retain(|other| *other != address);
                if ready {
                    all.push(address);
                }
            }
            tokio::time::sleep(PERIOD).await;
        }
    }

    async fn pass(self, mut client: TcpStream) {
        let chosen = {
            let ready = self.ready.lock().unwrap();
            let turn = self.next.fetch_add(1, Ordering::Relaxed);
            ready.get(turn % ready.len().max(1)).copied()
        };
        let server = match chosen {
            Some(address) => TcpStream::connect(address).await.ok(),
            None => None,
        };
        let Some(mut server) = server else {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return;
        };
        for stream in [&client, &server] {
            let _ = stream.set_nodelay(true);
        }
        // The end of either is the end of both; an error is one.
        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    }
}
