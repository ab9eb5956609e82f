//! The name under which a process is known to the database.
//!
//! By it a worker tells its own application's transactions from others, and those that may last from those that may not.

/// What the application's name ends with where transactions are long.
const LONG: &str = " (long)";

/// The longest name of an application that MongoDB takes, in bytes.
const MAX_NAME_BYTES: usize = 128;

/// The names of this application: that of workers, and that where transactions are long. `name` is either of them.
pub fn both(name: &str) -> [String; 2] {
    let name = name.strip_suffix(LONG).unwrap_or(name);
    let start = name.floor_char_boundary(MAX_NAME_BYTES - LONG.len());
    [name.to_owned(), format!("{}{LONG}", &name[..start])]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_and_a_worker_know_each_others_names() {
        for name in ["totals-worker", "é", &"ü".repeat(64)] {
            let [own, long] = both(name);
            assert_eq!(own, name);
            assert!(long.len() <= MAX_NAME_BYTES && long != own);
        }
        assert_eq!(both("totals-worker (long)"), both("totals-worker"));
    }
}
