use std::process::Command;

use super::*;

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

#[tokio::test]
async fn reports_the_programs_own_pid_output_and_exit_code() {
    let mut process = ChildProcess::spawn(&shell("echo $$; echo problem >&2; exit 7"), &OutputTo::Lines)
        .await
        .unwrap();
    let pid = process.id().to_string();
    assert_eq!(process.next_line().await.unwrap(), Some(pid));
    assert_eq!(process.next_line().await.unwrap().as_deref(), Some("problem"));
    assert_eq!(process.next_line().await.unwrap(), None);
    assert_eq!(process.wait().await, Exit::Code(7));
}

#[tokio::test]
async fn passes_arguments_environment_and_directory_unchanged() {
    let mut command = shell(r#"printf '%s|' "$0" "$1" "$GIVEN" "${PATH-none}"; pwd"#);
    command
        .args(["a b", "$HOME \"'*"])
        .env("GIVEN", "x y")
        .env_remove("CARGO")
        .current_dir("/");
    let mut process = ChildProcess::spawn(&command, &OutputTo::Lines).await.unwrap();
    let line = process.next_line().await.unwrap().unwrap();
    assert!(
        line.starts_with("a b|$HOME \"'*|x y|") && line.ends_with("|/"),
        "{line}"
    );
}

#[tokio::test]
async fn a_program_that_ignores_sigterm_is_killed_after_the_grace_period() {
    let script = "trap '' TERM; echo ready; while :; do sleep 0.05; done";
    let mut process = ChildProcess::spawn(&shell(script), &OutputTo::Lines)
        .await
        .unwrap();
    assert_eq!(process.next_line().await.unwrap().as_deref(), Some("ready"));
    assert_eq!(
        process.stop_within(Duration::from_millis(50)).await,
        Exit::Signal(9)
    );
}

#[tokio::test]
async fn a_missing_program_is_exit_code_127_and_a_line_in_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log");
    let mut process = ChildProcess::spawn(&Command::new("no-such-program"), &OutputTo::File(log.clone()))
        .await
        .unwrap();
    assert_eq!(process.wait().await, Exit::Code(127));
    assert!(log_tail(&log, 0, 5).contains("no-such-program"));
}

#[tokio::test]
async fn the_program_ends_with_its_owner() {
    let script = "trap 'echo stopped; exit 0' TERM; echo ready; while :; do sleep 0.05; done";
    let mut process = ChildProcess::spawn(&shell(script), &OutputTo::Lines)
        .await
        .unwrap();
    assert_eq!(process.next_line().await.unwrap().as_deref(), Some("ready"));
    // The kernel closes this pipe when the owner dies. The rest is kept here to watch what follows.
    let ChildProcess {
        _leash: leash,
        mut lines,
        mut supervisor,
        ..
    } = process;
    drop(leash);
    assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("stopped"));
    assert!(supervisor.wait().await.unwrap().success());
}
