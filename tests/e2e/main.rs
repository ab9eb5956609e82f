//! End-to-end tests: the real binaries on the real services.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop where it is"
)]

mod events;
mod harness;
mod tool;

mod api;
mod compose;
mod crashes;
mod dead_letters;
mod diagnostics;
mod folding;
mod outages;
mod poison;
mod traces;
