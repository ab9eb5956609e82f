//! The handlers, one module per resource. Each is short: parse, read, answer.

pub mod docs;
pub mod health;
pub mod query;
pub mod stream;
pub mod totals;
