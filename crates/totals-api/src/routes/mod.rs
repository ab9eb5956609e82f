//! The handlers, one module per resource. Each is short: parse, read, answer.

pub mod badge;
pub mod docs;
pub mod health;
mod ids;
pub mod list;
mod parameters;
pub mod probes;
pub mod stream;
pub mod sum;
pub mod totals;
pub mod web;
