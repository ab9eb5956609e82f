//! End-to-end tests: the real binaries on the real services.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop where it is"
)]

extern crate harness;

use harness::events;

mod api;
mod backfill;
mod badge;
mod broker_policies;
mod check;
mod client;
mod commits;
mod compose;
mod crashes;
mod currency;
mod damage;
mod dead_letters;
mod diagnostics;
mod donors;
mod facts;
mod failover;
mod failures;
mod feed;
mod folding;
mod foreign;
mod forget;
mod forms;
mod histories;
mod history;
mod hostile;
mod interleavings;
mod ledger;
mod limits;
mod lists;
mod live;
mod live_faults;
mod logs;
mod metrics;
mod moments;
mod observed;
mod outages;
mod parked_again;
mod partitions;
mod poison;
mod precision;
mod probes;
mod proxies;
mod rivals;
mod rollout;
mod secrets;
mod stalls;
mod standby;
mod sums;
mod tool;
mod topology;
mod traces;
mod unnamed;
mod upgrades;
mod web;
mod wire;
