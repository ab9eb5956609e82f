//! The half that runs all the time: from a delivery to its acknowledgement.

pub mod consumer;
pub mod context;
mod dead_letter;
mod deliveries;
mod epoch;
pub mod lane;
mod parked;
mod reach;
mod renew;
mod report;
mod settle;
mod upkeep;
