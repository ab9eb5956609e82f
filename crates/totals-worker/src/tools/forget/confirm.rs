//! Asks the person at the terminal before anything is erased.

use std::io::{IsTerminal, Write, stderr, stdin};

use totals_core::runtime::terminal::complain;

use super::Plan;
use crate::tools::error::ToolError;
use crate::tools::setup::Setup;

/// Fails if nobody can be asked, before any work is done.
pub fn can_ask() -> Result<(), ToolError> {
    if stdin().is_terminal() && stderr().is_terminal() {
        return Ok(());
    }
    Err(ToolError::Usage(
        "forget erases personal data, and there is no way back: it asks at a terminal, and there is none; add --yes if that is \
         what you want"
            .to_owned(),
    ))
}

/// Says what will be erased, and returns true if the person wants that.
pub async fn confirmed(plan: &Plan, setup: &Setup) -> Result<bool, ToolError> {
    complain("totals-worker", &plan.to_string());
    let asking = tokio::task::spawn_blocking(|| {
        let mut terminal = stderr();
        write!(terminal, "Erase it? Type yes: ").and_then(|()| terminal.flush())?;
        let mut typed = String::new();
        stdin().read_line(&mut typed).map(|_| typed)
    });
    let read = async { asking.await.map_err(std::io::Error::from).flatten() };
    let typed = setup.unless_stopped(read).await?;
    Ok(typed.trim() == "yes")
}
