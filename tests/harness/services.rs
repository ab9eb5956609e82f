//! The services that all tests of the process share, from the first source that has them.

use std::sync::OnceLock;

use dev_services::{Services, Settings};

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
