//! What processes use, as Linux counts it in `/proc`.

use std::fs;

use harness::Process;

/// The kernel counts CPU time in hundredths of a second, whatever its own clock (`USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;

/// CPU seconds, in user and system mode, that a process has used so far.
pub fn cpu_seconds(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    ticks(&stat, [14, 15]) / TICKS_PER_SECOND
}

/// CPU seconds that those children of this process have used that have ended and were waited for.
pub fn cpu_seconds_of_ended_children() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    ticks(&stat, [16, 17]) / TICKS_PER_SECOND
}

/// The memory that a process has in RAM, in bytes.
pub fn resident_bytes(process: &Process) -> f64 {
    exact(process.memory())
}

/// As a figure.
#[expect(clippy::cast_precision_loss, reason = "no memory has 2^53 bytes")]
pub fn exact(bytes: u64) -> f64 {
    bytes as f64
}

/// The most memory that a process ever had in RAM, in MiB.
pub fn peak_mib(pid: u32) -> f64 {
    peak_mib_in(&fs::read_to_string(format!("/proc/{pid}/status")).unwrap())
}

fn peak_mib_in(status: &str) -> f64 {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|rest| rest.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    kib.expect("a process that runs has memory") / 1024.0
}

/// The sum of two fields, numbered as in proc(5). The second, the program's name, may hold anything, but ends with the
/// last parenthesis.
fn ticks(stat: &str, fields: [usize; 2]) -> f64 {
    let (_, rest) = stat.rsplit_once(") ").expect("a name in parentheses");
    let rest: Vec<&str> = rest.split(' ').collect();
    fields
        .iter()
        .map(|field| rest[field - 3].parse::<f64>().expect("a number of ticks"))
        .sum()
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "every value is exact")]
mod tests {
    use super::*;

    #[test]
    fn the_fields_are_counted_from_behind_the_name() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194304 10 20 30 40 150 50 7 3 20 0 9 0 1 2 3";
        assert_eq!(ticks(stat, [14, 15]), 200.0);
        assert_eq!(ticks(stat, [16, 17]), 10.0);
    }

    #[test]
    fn the_peak_is_told_from_what_is_held_now() {
        let status = "Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\nThreads:\t2\n";
        assert_eq!(peak_mib_in(status), 2.0);
    }
}
