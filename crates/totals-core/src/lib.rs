//! The rules, the store and the process runtime that `totals-worker` and `totals-api` share.
//!
//! Data flows one way: `domain` is pure and knows nothing of MongoDB, AMQP or HTTP; `store` keeps the domain
//! in MongoDB and knows nothing of AMQP or HTTP; `runtime` boots a process. `docs/architecture.md` is the map.

pub mod domain;
pub mod runtime;
pub mod store;
