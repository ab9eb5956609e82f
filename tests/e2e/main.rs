//! End-to-end tests: the real binaries on the real services.

mod events;
mod harness;

mod crashes;
mod folding;
mod outages;
mod poison;
