//! A first reader, for whom things are fetched that later ones find in memory.

use futures::StreamExt;

/// Reads in flight: few enough that none has to wait its turn at the database for long.
const AT_ONCE: usize = 16;

/// Reads each path once. None may fail; a 404 is an answer.
pub async fn read_once(url: &str, paths: &[String]) {
    let client = reqwest::Client::new();
    let reads = futures::stream::iter(paths).for_each_concurrent(AT_ONCE, async |path| {
        let answer = client.get(format!("{url}{path}")).send().await.unwrap();
        let status = answer.status();
        assert!(!status.is_server_error(), "{path} was answered with {status}");
        answer.bytes().await.unwrap();
    });
    reads.await;
}
