//! End-to-end tests: the real binaries on the real services.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop where it is"
)]

mod events;
mod harness;

mod api;
mod compose;
mod crashes;
mod diagnostics;
mod folding;
mod outages;
mod poison;
mod traces;
mod wire;
