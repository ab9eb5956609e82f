//! The handlers, one module per resource. Each is short: parse, read, answer.

pub mod badge;
pub mod docs;
pub mod donations;
pub mod health;
pub mod history;
mod ids;
pub mod list;
mod parameters;
pub mod probes;
mod sealed;
pub mod stream;
pub mod sum;
pub mod totals;
pub mod web;
