//! The outcome of each fault, as text for people.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Duration;

use super::fault::{PlantedFault, Test};
use super::suite::Results;

/// What was found out about a fault.
#[derive(Debug)]
pub struct Proof {
    pub fault: PlantedFault,
    pub verdict: SabotageVerdict,
    /// Building and testing.
    pub took: Duration,
}

/// What the tests made of a fault.
#[derive(Debug, PartialEq, Eq)]
pub enum SabotageVerdict {
    /// All tests that had to fail have.
    Caught,
    /// These have passed: a hole in the tests.
    Missed(Vec<String>),
    /// Nothing is proven, for this reason.
    Broken(String),
}

impl SabotageVerdict {
    /// What these results of the fault's tests mean.
    pub fn of(fault: &PlantedFault, results: &Results) -> Self {
        let names = |tests: BTreeSet<&Test>| {
            tests
                .into_iter()
                .map(|test| test.name.clone())
                .collect::<Vec<_>>()
        };
        let passed = names(fault.caught_by.intersection(&results.passed).collect());
        let missing = fault.caught_by.difference(&results.failed);
        let missing = names(missing.filter(|test| !results.passed.contains(test)).collect());
        if !missing.is_empty() {
            return Self::Broken(format!("did not end: {}", missing.join(", ")));
        }
        if passed.is_empty() {
            Self::Caught
        } else {
            Self::Missed(passed)
        }
    }
}

impl Proof {
    pub fn is_caught(&self) -> bool {
        self.verdict == SabotageVerdict::Caught
    }
}

/// The faults with the tests that must catch them.
pub fn list(faults: &[PlantedFault]) -> String {
    let entry = |fault: &PlantedFault| format!("{}\n    {}\n{}", fault.name, fault.what, caught_by(fault));
    faults.iter().map(entry).collect::<Vec<_>>().join("\n")
}

/// One fault in a line, as it is done with.
pub fn line(proof: &Proof) -> String {
    let verdict = match &proof.verdict {
        SabotageVerdict::Caught => "caught".to_owned(),
        SabotageVerdict::Missed(tests) => format!("NOT CAUGHT by {}", tests.join(", ")),
        SabotageVerdict::Broken(problem) => format!("NOTHING PROVEN: {problem}"),
    };
    format!(
        "{}: {verdict} ({:.0} s)",
        proof.fault.name,
        proof.took.as_secs_f64()
    )
}

/// All faults with the tests that have caught them, and how many were caught.
pub fn table(proofs: &[Proof]) -> String {
    let mut table = String::new();
    // Writing to a String cannot fail.
    for proof in proofs {
        let _ = writeln!(table, "{}\n    {}", line(proof), proof.fault.what);
        if proof.is_caught() {
            let _ = writeln!(table, "{}", caught_by(&proof.fault));
        }
    }
    let took: Duration = proofs.iter().map(|proof| proof.took).sum();
    let caught = proofs.iter().filter(|proof| proof.is_caught()).count();
    let _ = write!(
        table,
        "\n{caught} of {} faults caught in {:.0} s",
        proofs.len(),
        took.as_secs_f64()
    );
    table
}

/// The tests that must catch a fault, a line each.
fn caught_by(fault: &PlantedFault) -> String {
    let tests = fault.caught_by.iter().map(|test| test.name.as_str());
    format!(
        "    caught by {}",
        tests.collect::<Vec<_>>().join("\n    caught by ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(name: &str) -> Test {
        Test {
            package: "tests".to_owned(),
            name: name.to_owned(),
        }
    }

    fn fault() -> PlantedFault {
        PlantedFault {
            name: "no-dedupe".to_owned(),
            what: "Nothing is a duplicate.".to_owned(),
            patch: "no-dedupe.patch".into(),
            caught_by: BTreeSet::from([test("a"), test("b")]),
        }
    }

    fn results(passed: &[&str], failed: &[&str]) -> Results {
        let set = |names: &[&str]| names.iter().map(|name| test(name)).collect();
        Results {
            passed: set(passed),
            failed: set(failed),
        }
    }

    #[test]
    fn a_fault_is_caught_when_every_test_it_names_has_failed() {
        let verdict =
            |passed: &[&str], failed: &[&str]| SabotageVerdict::of(&fault(), &results(passed, failed));
        assert_eq!(verdict(&[], &["a", "b"]), SabotageVerdict::Caught);
        assert_eq!(
            verdict(&["a"], &["b"]),
            SabotageVerdict::Missed(vec!["a".to_owned()])
        );
        assert_eq!(
            verdict(&[], &["b"]),
            SabotageVerdict::Broken("did not end: a".to_owned())
        );
    }

    #[test]
    fn the_table_ends_with_how_many_were_caught() {
        let proof = |verdict| Proof {
            fault: fault(),
            verdict,
            took: Duration::from_secs(30),
        };
        let table = table(&[
            proof(SabotageVerdict::Caught),
            proof(SabotageVerdict::Missed(vec!["a".to_owned()])),
        ]);
        assert_eq!(
            table,
            "no-dedupe: caught (30 s)\n    Nothing is a duplicate.\n    caught by a\n    caught by b\n\
             no-dedupe: NOT CAUGHT by a (30 s)\n    Nothing is a duplicate.\n\n1 of 2 faults caught in 60 s"
        );
    }
}
