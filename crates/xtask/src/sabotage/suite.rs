//! The tests, built in the scratch copy and run against the services.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use dev_services::Services;
use serde_json::Value;
use tokio::process::Command;

use super::fault::Test;
use super::scratch::Scratch;
use crate::error::Error;

/// The package that tests the executables from outside.
const END_TO_END: &str = "tests";

#[derive(Debug, Clone)]
struct Program {
    executable: PathBuf,
    /// The package's own directory, where cargo would run it.
    dir: PathBuf,
}

/// How the tests that were asked for ended. One that did not run is in neither.
#[derive(Debug, Default)]
pub struct Results {
    pub passed: BTreeSet<Test>,
    pub failed: BTreeSet<Test>,
}

/// The tests of the scratch copy.
#[derive(Debug)]
pub struct Suite<'a> {
    scratch: &'a Scratch,
    services: [(&'static str, String); 2],
}

impl<'a> Suite<'a> {
    /// Builds the end-to-end tests and the executables; minutes the first time, when all dependencies are built too.
    pub async fn build(scratch: &'a Scratch, services: &Services) -> Result<Self, Error> {
        let suite = Self {
            scratch,
            services: [
                ("DATABASE_URL", services.mongodb.url.clone()),
                ("RABBITMQ_URL", services.rabbitmq.url.clone()),
            ],
        };
        suite.build_app(Stdio::inherit()).await?;
        suite.build_tests(END_TO_END, Stdio::inherit()).await?;
        Ok(suite)
    }

    /// Builds what these tests need of the copy as it is now, and runs them. What is said goes to `log`.
    ///
    /// # Errors
    /// [`Error::Cargo`] if the copy does not build.
    pub async fn run(&self, tests: &BTreeSet<Test>, log: &Path) -> Result<Results, Error> {
        let unwritable = |source| Error::Write(log.to_owned(), source);
        let log = File::create(log).map_err(unwritable)?;
        let mut results = Results::default();
        for (package, names) in by_package(tests) {
            let said = || log.try_clone().map(Stdio::from).map_err(unwritable);
            if package == END_TO_END {
                self.build_app(said()?).await?;
            }
            for program in self.build_tests(package, said()?).await? {
                let output = self.run_program(&program, &names, said()?).await?;
                (&log).write_all(output.as_bytes()).map_err(unwritable)?;
                results.add(package, &output);
            }
        }
        Ok(results)
    }

    async fn run_program(&self, program: &Program, names: &[&str], said: Stdio) -> Result<String, Error> {
        let services = self.services.iter().map(|(name, url)| (name, url));
        let mut command = self.scratch.command(&program.executable);
        command.current_dir(&program.dir).arg("--exact").args(names);
        let (_, output) = run(command.envs(services), said).await?;
        Ok(output)
    }

    /// As the end-to-end tests will ask for them.
    async fn build_app(&self, said: Stdio) -> Result<(), Error> {
        let packages = ["--package", "totals-worker", "--package", "totals-api"];
        self.cargo(&[&["build"], packages.as_slice()].concat(), said)
            .await
            .map(|_| ())
    }

    async fn build_tests(&self, package: &str, said: Stdio) -> Result<Vec<Program>, Error> {
        let format = "--message-format=json-render-diagnostics";
        // Of the package's other programs none has a test that a fault names.
        let programs: &[&str] = match package {
            END_TO_END => &["--test", "e2e"],
            _ => &["--tests"],
        };
        let test = ["test", "--package", package, "--no-run", format];
        let messages = self.cargo(&[&test, programs].concat(), said).await?;
        Ok(messages.lines().filter_map(Program::from_message).collect())
    }

    /// Runs cargo on the copy and returns its stdout.
    async fn cargo(&self, arguments: &[&str], said: Stdio) -> Result<String, Error> {
        let mut command = self.scratch.cargo();
        let (status, output) = run(command.args(arguments), said).await?;
        if status.success() {
            return Ok(output);
        }
        Err(Error::Cargo {
            subcommand: arguments[0].to_owned(),
            code: 1,
        })
    }
}

/// Runs a command to its end; returns its stdout, and puts its stderr where it is wanted.
async fn run(command: &mut Command, said: Stdio) -> Result<(ExitStatus, String), Error> {
    let child = command.stdout(Stdio::piped()).stderr(said).spawn();
    // Not `output()`, which would capture stderr too.
    let output = child.map_err(Error::StartCargo)?.wait_with_output().await;
    let output = output.map_err(Error::StartCargo)?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok((output.status, text))
}

impl Program {
    /// The test program that one of cargo's messages reports, if it reports one.
    fn from_message(message: &str) -> Option<Self> {
        let message: Value = serde_json::from_str(message).ok()?;
        if message["profile"]["test"] != true {
            return None;
        }
        let manifest = Path::new(message["manifest_path"].as_str()?);
        Some(Self {
            executable: message["executable"].as_str()?.into(),
            dir: manifest.parent()?.to_owned(),
        })
    }
}

impl Results {
    /// Adds what a test program has printed.
    fn add(&mut self, package: &str, output: &str) {
        for line in output.lines() {
            let Some((name, outcome)) = line
                .strip_prefix("test ")
                .and_then(|line| line.rsplit_once(" ... "))
            else {
                continue;
            };
            let test = Test {
                package: package.to_owned(),
                name: name.to_owned(),
            };
            match outcome {
                "ok" => self.passed.insert(test),
                "FAILED" => self.failed.insert(test),
                _ => continue,
            };
        }
    }
}

fn by_package(tests: &BTreeSet<Test>) -> BTreeMap<&str, Vec<&str>> {
    let mut packages: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for Test { package, name } in tests {
        packages.entry(package).or_default().push(name);
    }
    packages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_read_from_what_a_test_program_prints() {
        let mut results = Results::default();
        let output =
            "running 3 tests\ntest a::b ... ok\ntest a::c ... FAILED\ntest a::d ... ignored\n\nfailures:\n";
        results.add("p", output);
        let names = |tests: &BTreeSet<Test>| tests.iter().map(|test| test.name.clone()).collect::<Vec<_>>();
        assert_eq!(
            (names(&results.passed), names(&results.failed)),
            (vec!["a::b".to_owned()], vec!["a::c".to_owned()])
        );
    }

    #[test]
    fn test_programs_are_found_among_cargos_messages() {
        let message = |test: bool, executable: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","manifest_path":"/w/tests/Cargo.toml","profile":{{"test":{test}}},"executable":{executable}}}"#
            )
        };
        let program = Program::from_message(&message(true, "\"/t/e2e-1\"")).unwrap();
        assert_eq!(
            (program.executable, program.dir),
            ("/t/e2e-1".into(), "/w/tests".into())
        );
        for other in [
            message(false, "\"/t/chaos\""),
            message(true, "null"),
            "no json".to_owned(),
        ] {
            assert!(Program::from_message(&other).is_none(), "{other}");
        }
    }
}
