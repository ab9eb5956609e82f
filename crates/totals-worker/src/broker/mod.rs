//! RabbitMQ, for both halves of the program: connections, what is declared there, messages, and publishing to a queue.

pub mod byte_budget;
pub mod connection;
pub mod copy;
pub mod look;
pub mod message;
pub mod publisher;
mod sanitize;
pub mod topology;
mod transport;
