//! Reads before a measurement: the first reader of a campaign pays for what later ones find in memory.

use std::sync::atomic::{AtomicU64, Ordering};

use futures::StreamExt;

/// Reads in flight: few enough that none has to wait its turn at the database for long.
const AT_ONCE: usize = 16;

/// Reads each path once, and returns the bytes of all answers. None may fail; a 404 is an answer.
pub async fn read_once(url: &str, paths: &[String]) -> u64 {
    let (client, bytes) = (reqwest::Client::new(), AtomicU64::new(0));
    let reads = futures::stream::iter(paths).for_each_concurrent(AT_ONCE, async |path| {
        let answer = client.get(format!("{url}{path}")).send().await.unwrap();
        let status = answer.status();
        assert!(!status.is_server_error(), "{path} was answered with {status}");
        let answer = answer.bytes().await.unwrap();
        bytes.fetch_add(answer.len() as u64, Ordering::Relaxed);
    });
    reads.await;
    bytes.into_inner()
}
