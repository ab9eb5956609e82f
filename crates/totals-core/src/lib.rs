//! The rules, the store and the process runtime that `totals-worker` and `totals-api` share.
//!
//! Data flows one way: `domain` is pure and knows nothing of MongoDB, AMQP or HTTP; `store` keeps the domain
//! in MongoDB and knows nothing of AMQP or HTTP; `contract` tells programs what producers have to publish; `runtime` is what
//! a process stands on; `boot`, `health` and `probes` put these together for both binaries. `docs/architecture.md` is the map.

pub mod boot;
pub mod contract;
pub mod domain;
pub mod health;
pub mod probes;
pub mod runtime;
pub mod store;
