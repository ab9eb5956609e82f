//! Documents and collections that are lost or damaged under a running worker: it counts what can be counted, and sets the rest
//! aside by name.

mod documents;
mod letters;
mod lost;
mod misfiled;
mod numbers;
