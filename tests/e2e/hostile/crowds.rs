//! Many more clients than the service has on a good day.

use mongodb::bson::doc;

use super::{api, expect_good_service, expect_memory_back};
use crate::harness::{Client, Process, eventually};

/// Files that this process and the API each need for the largest crowd, and for all else.
const FILES: u64 = 11_000;

/// Lets this process open as many files as it may, or says that they are too few.
fn allow_crowds() {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let most = limit.maximum;
    assert!(
        most.is_none_or(|most| most >= FILES),
        "the tests need `ulimit -Hn` at {FILES} or above"
    );
    let raised = rustix::process::Rlimit {
        current: most,
        maximum: most,
    };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, raised).unwrap();
}

/// As many connections, each after sending this.
async fn crowd(api: &Process, size: usize, request: &str) -> Vec<Client> {
    let mut crowd = Vec::with_capacity(size);
    for _ in 0..size {
        let mut client = Client::connect(api).await;
        client.send(request).await;
        crowd.push(client);
    }
    crowd
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_idle_connections_are_neither_felt_nor_left_behind() {
    allow_crowds();
    let (_world, api) = api().await;
    expect_good_service(&api).await;
    let (memory, files) = (api.memory(), api.open_files());
    for request in [
        "GET /api/nothing HTTP/1.1\r\n\r\n",
        "GET /api/nothing HTTP/1.1\r\n",
        "",
    ] {
        let mut idle = crowd(&api, 10_000, request).await;
        // Whoever is served now was taken after all of them.
        expect_good_service(&api).await;
        let taken = api.open_files();
        // Those who bring no request are closed 10 s after they came: the first of them perhaps by now.
        let connected = idle.iter_mut().map(Client::is_open).filter(|open| *open).count();
        assert!(
            connected > 0 && taken + 10 > files + connected,
            "{request:?}: {connected} are connected, {taken} files open"
        );
        drop(idle);
        eventually(async || api.open_files(), |now| *now < files + 10).await;
    }
    expect_memory_back(&api, memory).await;
    expect_good_service(&api).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crowds_that_hang_up_midway_leave_nothing_behind() {
    allow_crowds();
    let (_world, api) = api().await;
    expect_good_service(&api).await;
    let (memory, files) = (api.memory(), api.open_files());
    for request in [
        "GET /api/totals/camp",
        "GET /api/totals/campaigns?limit=100 HTTP/1.1\r\n\r\n",
        "GET /health HTTP/1.1\r\n\r\n",
        "GET /docs HTTP/1.1\r\ncontent-length: 1000\r\n\r\nabc",
    ] {
        drop(crowd(&api, 1_000, request).await);
        expect_good_service(&api).await;
    }
    eventually(async || api.open_files(), |now| *now < files + 10).await;
    expect_memory_back(&api, memory).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_streams_half_of_them_never_read_are_neither_felt_nor_left_behind() {
    allow_crowds();
    let (world, api) = api().await;
    expect_good_service(&api).await;
    let (memory, files) = (api.memory(), api.open_files());
    let request = "GET /api/totals/campaigns/good/stream HTTP/1.1\r\nhost: totals\r\n\r\n";
    let mut readers = crowd(&api, 2_500, request).await;
    let mut unread = Vec::new();
    for _ in 0..2_500 {
        let mut client = Client::connect_narrow(&api).await;
        client.send(request).await;
        unread.push(client);
    }
    // Enough for those who do not read to fall behind.
    let totals = world.database.collection("campaign_totals");
    for revision in 2..=100_i64 {
        let update = doc! { "$set": { "totalPledges": revision, "revision": revision } };
        totals.update_one(doc! { "_id": "good" }, update).await.unwrap();
    }
    for reader in &mut readers {
        reader.read_until(r#""revision":100}"#).await;
    }
    expect_good_service(&api).await;
    assert!(
        api.memory() < memory + 100 * 1024 * 1024,
        "{} bytes",
        api.memory()
    );
    drop((readers, unread));
    eventually(async || api.open_files(), |now| *now < files + 10).await;
    expect_memory_back(&api, memory).await;
    expect_good_service(&api).await;
}
