//! The operator's tools, run to their end.

use std::process::Output;

use serde_json::Value;

use crate::harness::World;

/// What a tool said.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

/// Runs `totals-worker` with these arguments in a test's world.
pub async fn tool(world: &World, arguments: &[&str]) -> Said {
    let output = world.worker_command().args(arguments).output().await;
    output.unwrap().into()
}

/// As [`tool`], with this variable in its environment.
pub async fn tool_with(world: &World, setting: (&str, &str), arguments: &[&str]) -> Said {
    let mut command = world.worker_command();
    let output = command.env(setting.0, setting.1).args(arguments).output().await;
    output.unwrap().into()
}

/// Runs a tool that must end with this code, and returns its one JSON document.
pub async fn json(world: &World, code: i32, arguments: &[&str]) -> Value {
    let said = tool(world, &[arguments, &["--json"]].concat()).await;
    assert_eq!(said.code, Some(code), "{arguments:?}: {said:?}");
    serde_json::from_slice(&said.stdout).unwrap()
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: output.stdout,
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Said {
    /// Fails unless it ended with 2, and standard error contains this.
    pub fn expect_failure(&self, part: &str) {
        let as_expected = self.code == Some(2) && self.stderr.contains(part);
        assert!(as_expected, "{part}: {self:?}");
    }

    /// As [`expect_failure`](Self::expect_failure), and standard error is one line.
    pub fn expect_refusal(&self, part: &str) {
        self.expect_failure(part);
        assert_eq!(self.stderr.lines().count(), 1, "{self:?}");
    }

    /// Fails unless its text contains this.
    pub fn expect_text(&self, part: &str) {
        assert!(self.text().contains(part), "{part}: {self:?}");
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }
}
