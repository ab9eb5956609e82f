//! RabbitMQ, for both halves of the program: calls and connections, what is declared there, messages, and publishing to a
//! queue.

pub mod byte_budget;
pub mod call;
pub mod confirm;
pub mod connection;
pub mod copy;
pub mod identity;
pub mod message;
pub mod occupancy;
pub mod publisher;
mod sanitize;
pub mod topology;
mod trace;
mod transport;
