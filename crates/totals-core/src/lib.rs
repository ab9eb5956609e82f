//! The rules, the store and the process runtime that `totals-worker` and `totals-api` share.
//!
//! Data flows one way: `domain` is pure and knows nothing of MongoDB, AMQP or HTTP; `store` keeps the domain
//! in MongoDB and knows nothing of AMQP or HTTP; `runtime` is what a process stands on; `boot`, `health` and `probes` put
//! these together for both binaries. `docs/architecture.md` is the map.

pub mod boot;
pub mod domain;
pub mod health;
pub mod probes;
pub mod runtime;
pub mod store;
