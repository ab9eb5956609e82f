//! What producers and the service agree on, in a form that programs read: the messages' JSON Schemas, and the names on the
//! broker.
//!
//! The schemas are made from the declaration of fields that the decoder itself reads by, so there is one source. Both
//! binaries need the names, and know nothing of each other, so the names are here.

pub mod dead_letter;
pub mod examples;
pub mod schema;
