//! MongoDB and RabbitMQ for development and tests, with or without Docker.
//!
//! Docker is one way to get the two services, not a requirement: [`Services::acquire`] takes each from the
//! first source that has it.
//!
//! 1. **A URL** in the environment (`DATABASE_URL`, `RABBITMQ_URL`), each on its own.
//! 2. **Docker**, if an engine answers and has or can pull the image.
//! 3. **Private processes** of this machine: RabbitMQ from the system's package, MongoDB from `mongod` on the
//!    `PATH` or from a Python wheel.
//!
//! `DEV_SERVICES=docker` or `=native` skips the choice between the last two. If a service cannot be provided, one message
//! says what to do ([`Error`]).
//!
//! A test that has to stop, kill or freeze a server starts one of its own ([`Server`]), or three that stand in for each
//! other ([`ReplicaSet`], [`RabbitCluster`]). Nothing that was started outlives its owner, whatever ends the
//! owner ([`process`]).
//!
//! ```no_run
//! # async fn example() -> Result<(), dev_services::Error> {
//! use dev_services::{Services, Settings};
//!
//! let services = Services::acquire(&Settings::ephemeral("test").urls_from_env()).await?;
//! println!("{} ({})", services.mongodb.url, services.mongodb.origin);
//! println!("{} ({})", services.rabbitmq.url, services.rabbitmq.origin);
//! services.stop().await
//! # }
//! ```

pub mod cargo;
pub mod directories;
pub mod port;
pub mod process;
pub mod url;

mod choice;
mod data_dir;
mod docker;
mod error;
mod kind;
mod mongo;
mod native;
mod options;
mod rabbit;
mod rabbit_cluster;
mod replica_set;
mod server;
mod services;
mod settings;

pub use choice::Provider;
pub use docker::Volume;
pub use error::Error;
pub use kind::Kind;
pub use native::program;
pub use options::{Deployment, Options};
pub use port::Port;
pub use rabbit::connect_to_broker;
pub use rabbit_cluster::RabbitCluster;
pub use replica_set::ReplicaSet;
pub use server::Server;
pub use services::{Origin, Provided, Services};
pub use settings::Settings;
