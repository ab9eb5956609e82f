//! The operator's tools, run to their end.

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
    let output = world.worker_command().args(arguments).output().await.unwrap();
    Said {
        code: output.status.code(),
        stdout: output.stdout,
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs a tool that must end with this code, and returns its one JSON document.
pub async fn json(world: &World, code: i32, arguments: &[&str]) -> Value {
    let said = tool(world, &[arguments, &["--json"]].concat()).await;
    assert_eq!(said.code, Some(code), "{arguments:?}: {said:?}");
    serde_json::from_slice(&said.stdout).unwrap()
}

impl Said {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }
}
