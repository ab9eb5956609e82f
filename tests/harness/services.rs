//! The services that all tests of the process share, from the first source that has them.

use std::sync::OnceLock;

use dev_services::{MongoOptions, MongoServer, RabbitOptions, RabbitServer, Services, Settings, Source};
use tempfile::TempDir;

/// Connection strings of MongoDB and RabbitMQ.
///
/// They live on a thread of their own to the end of the process: each test's runtime ends with the test.
pub fn shared() -> (String, String) {
    static SHARED: OnceLock<(String, String)> = OnceLock::new();
    SHARED
        .get_or_init(|| {
            let (urls, acquired) = std::sync::mpsc::channel();
            std::thread::spawn(move || {
                runtime().block_on(async {
                    let settings = Settings::ephemeral("e2e").urls_from_env();
                    let services = Services::acquire(&settings)
                        .await
                        .unwrap_or_else(|error| panic!("{error}"));
                    urls.send((
                        services.mongodb_url().to_owned(),
                        services.rabbitmq_url().to_owned(),
                    ))
                    .unwrap();
                    std::future::pending::<()>().await;
                });
            });
            acquired
                .recv()
                .expect("the tests need MongoDB and RabbitMQ; the reason is printed above")
        })
        .clone()
}

/// Servers of one's own, empty at first and as durable as in production (majority and journal), in a directory that is
/// removed when it is dropped.
pub async fn own(name: &str) -> (MongoServer, RabbitServer, TempDir) {
    own_from(name, None).await
}

/// As [`own`], from this source.
pub async fn own_from(name: &str, source: Option<Source>) -> (MongoServer, RabbitServer, TempDir) {
    let mongodb = MongoOptions {
        source,
        ..MongoOptions::default()
    };
    let rabbitmq = RabbitOptions {
        source,
        ..RabbitOptions::default()
    };
    let parent = dev_services::directories::target().join("tmp");
    std::fs::create_dir_all(&parent).unwrap();
    let dir = tempfile::Builder::new()
        .prefix(&format!("{name}-"))
        .tempdir_in(parent)
        .unwrap();
    let (mongodb, rabbitmq) = tokio::join!(
        MongoServer::start(dir.path().join("mongodb"), mongodb),
        RabbitServer::start(dir.path().join("rabbitmq"), rabbitmq),
    );
    let mongodb = mongodb.unwrap_or_else(|error| panic!("{error}"));
    let rabbitmq = rabbitmq.unwrap_or_else(|error| panic!("{error}"));
    (mongodb, rabbitmq, dir)
}

/// Runs a future to its end on another thread, for places that cannot await.
pub fn run_blocking(work: impl Future<Output = ()> + Send + 'static) {
    std::thread::spawn(move || runtime().block_on(work))
        .join()
        .expect("the work panicked");
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}
