//! The services that all tests of the process share, from the first source that has them.

use std::sync::OnceLock;

use dev_services::{Kind, Options, Server, Services, Settings};
use tempfile::TempDir;

use crate::World;

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
                    let (mongodb, rabbitmq) = (&services.mongodb, &services.rabbitmq);
                    urls.send((mongodb.url.clone(), rabbitmq.url.clone())).unwrap();
                    std::future::pending::<()>().await;
                });
            });
            acquired
                .recv()
                .expect("the tests need MongoDB and RabbitMQ; the reason is printed above")
        })
        .clone()
}

/// MongoDB and RabbitMQ of one's own, empty at first and as durable as in production (majority and journal).
pub struct Servers {
    /// MongoDB.
    pub mongodb: Server,
    /// RabbitMQ.
    pub rabbitmq: Server,
    /// Holds their files, and is removed with the servers.
    pub dir: TempDir,
}

impl Servers {
    /// Starts both.
    pub async fn start(name: &str) -> Self {
        Self::start_with(name, Options::default()).await
    }

    /// Starts both with these options.
    pub async fn start_with(name: &str, options: Options) -> Self {
        let parent = dev_services::directories::target().join("tmp");
        std::fs::create_dir_all(&parent).unwrap();
        let prefix = format!("{name}-");
        let dir = tempfile::Builder::new()
            .prefix(&prefix)
            .tempdir_in(parent)
            .unwrap();
        let start = async |kind: Kind| {
            let dir = dir.path().join(kind.to_string());
            let server = Server::start(kind, &dir, options.clone()).await;
            server.unwrap_or_else(|error| panic!("{error}"))
        };
        let (mongodb, rabbitmq) = tokio::join!(start(Kind::MongoDb), start(Kind::RabbitMq));
        Self {
            mongodb,
            rabbitmq,
            dir,
        }
    }

    /// A world on them.
    pub async fn world(&self) -> World {
        World::on(&self.mongodb.url(), &self.rabbitmq.url()).await
    }

    /// The one of this kind.
    pub fn of(&mut self, kind: Kind) -> &mut Server {
        match kind {
            Kind::MongoDb => &mut self.mongodb,
            Kind::RabbitMq => &mut self.rabbitmq,
        }
    }

    /// Runs `rabbitmqctl`, as an operator does.
    pub async fn control(&self, arguments: &[&str]) {
        let done = self.rabbitmq.control(arguments).await.unwrap();
        assert!(done.is_some(), "rabbitmqctl {arguments:?} should succeed");
    }

    /// Ends them before their data are removed: a server that is still at it would write them anew.
    pub async fn clear(mut self) {
        self.mongodb.kill().await.unwrap();
        self.rabbitmq.kill().await.unwrap();
    }
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
