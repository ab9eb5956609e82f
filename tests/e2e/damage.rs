//! What is lost or damaged in the database under a running worker: what can be counted is counted, and what cannot be
//! is set aside by name.

mod documents;
mod letters;
mod lost;
mod misfiled;
mod numbers;
