//! `cargo xtask sabotage`: the tests are tested.
//!
//! A test that passes says something only if it would fail. So classic faults are kept as patches (`tests/sabotage`);
//! each is planted in a scratch copy, and the tests it names have to fail there. The same tests first pass on the
//! copy as it is, in the same way and on the same services, so that a failure is the fault's doing. A patch that does
//! not apply or compile any more proves nothing, and is reported apart from a fault that no test has noticed.

mod fault;
mod report;
mod scratch;
mod suite;

use std::collections::BTreeSet;
use std::time::Instant;

use dev_services::{Services, Settings};

use crate::error::Error;
use fault::PlantedFault;
use report::{Proof, SabotageVerdict};
use scratch::Scratch;
use suite::Suite;

/// Plant classic faults in a copy of the sources and show that the tests catch each
///
/// Applies the patches in tests/sabotage, one after the other, to a scratch copy below target/sabotage, and runs the
/// tests that must fail. The exit code is 1 if a fault is not caught, or if its patch does not apply or compile. The
/// first run builds everything once more and takes some minutes longer.
///
/// The services come from DATABASE_URL and RABBITMQ_URL, else from Docker, else from private native instances.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
    cargo xtask sabotage
    cargo xtask sabotage --list
    cargo xtask sabotage ack-before-commit refund-before-creation-dropped")]
#[expect(
    clippy::doc_markdown,
    reason = "shown in the terminal, where back-ticks would only be in the way"
)]
pub struct Args {
    /// The faults to plant [default: all]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Only list the faults, with the tests that must catch them
    #[arg(long)]
    list: bool,
}

pub async fn run(args: &Args) -> Result<(), Error> {
    let faults = fault::named(&args.names)?;
    if args.list {
        println!("{}", report::list(&faults));
        return Ok(());
    }
    let scratch = Scratch::copy()?;
    let mut services = Services::acquire(&Settings::ephemeral("sabotage").urls_from_env()).await?;
    println!("Building the copy in {} …", scratch.tree.display());
    let suite = Suite::build(&scratch, &services).await?;
    let proofs = tokio::select! {
        proofs = prove(&suite, &scratch, &faults) => proofs,
        error = services.died() => Err(error.into()),
    };
    services.stop().await?;

    let proofs = proofs?;
    println!("\n{}", report::table(&proofs));
    let unproven = proofs.iter().filter(|proof| !proof.is_caught()).count();
    if unproven > 0 {
        return Err(Error::NotCaught {
            count: unproven,
            logs: scratch.log("NAME"),
        });
    }
    Ok(())
}

async fn prove(suite: &Suite<'_>, scratch: &Scratch, faults: &[PlantedFault]) -> Result<Vec<Proof>, Error> {
    let tests: BTreeSet<_> = faults.iter().flat_map(|fault| fault.caught_by.clone()).collect();
    println!("Running the tests on the copy as it is …");
    let results = suite.run(&tests, &scratch.log("unharmed")).await?;
    if results.passed != tests {
        let others = tests.difference(&results.passed);
        return Err(Error::FailsUnharmed {
            tests: others.map(|test| test.name.clone()).collect(),
            log: scratch.log("unharmed"),
        });
    }
    let mut proofs = Vec::new();
    for (number, fault) in (1..).zip(faults) {
        let started = Instant::now();
        let verdict = plant(suite, scratch, fault).await?;
        let proof = Proof {
            fault: fault.clone(),
            verdict,
            took: started.elapsed(),
        };
        println!("[{number}/{}] {}", faults.len(), report::line(&proof));
        proofs.push(proof);
    }
    Ok(proofs)
}

/// Tries one fault, and takes it out again.
async fn plant(suite: &Suite<'_>, scratch: &Scratch, fault: &PlantedFault) -> Result<SabotageVerdict, Error> {
    if let Err(error) = scratch.apply(&fault.patch) {
        return Ok(SabotageVerdict::Broken(format!("it does not apply: {error}")));
    }
    let outcome = suite.run(&fault.caught_by, &scratch.log(&fault.name)).await;
    scratch.revert(&fault.patch)?;
    match outcome {
        Ok(results) => Ok(SabotageVerdict::of(fault, &results)),
        Err(Error::Cargo { .. }) => Ok(SabotageVerdict::Broken("it does not compile".to_owned())),
        Err(error) => Err(error),
    }
}
