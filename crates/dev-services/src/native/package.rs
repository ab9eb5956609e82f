//! What the system's package tool has to provide.
//!
//! For root it is installed; anybody else is told the exact command. A freshly installed server package would start its own
//! service on the very port that we are about to use, so the installation holds that back.

use std::path::Path;
use std::process::Stdio;

use rustix::process::geteuid;

use crate::Error;
use crate::kind::Kind;
use crate::process::{Exit, log_tail};

const SCRIPT: &str = include_str!("install.sh");

/// Installs `packages`, which a server of this kind needs, or says how to.
pub(super) async fn install(packages: &[&str], kind: Kind, cache: &Path) -> Result<(), Error> {
    let package = packages.join(" ");
    let rights = Rights {
        apt: super::on_path("apt-get").is_some(),
        root: geteuid().is_root(),
    };
    let command = manual_command(&package, Path::new("/run/systemd/system").exists());
    rights.check(&package, &command, kind)?;

    tracing::info!("installing {package} with apt-get (once)");
    let log = cache.join("apt.log");
    let output = std::fs::File::create(&log).map_err(Error::file("write", &log))?;
    let errors = output.try_clone().map_err(Error::file("write", &log))?;
    // Unsupervised and in a group of its own: half an installation is worse than one that outlives us.
    let status = tokio::process::Command::new("sh")
        .args(["-c", SCRIPT, "install"])
        .args(packages)
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors)
        .process_group(0)
        .status()
        .await
        .map_err(|source| Error::Spawn {
            program: "sh".into(),
            source,
        })?;
    if status.success() {
        return Ok(());
    }
    let exit = status.code().map_or(Exit::Unknown, Exit::Code);
    Err(Error::Install {
        package,
        command,
        exit,
        output: log_tail(&log, 0, 12),
    })
}

/// What this user can do on this system.
struct Rights {
    apt: bool,
    root: bool,
}

impl Rights {
    fn check(&self, package: &str, command: &str, kind: Kind) -> Result<(), Error> {
        let (package, variable) = (package.to_owned(), kind.variable());
        match self {
            Self { apt: false, .. } => Err(Error::NoPackageTool { package, variable }),
            Self { root: false, .. } => Err(Error::NeedsRoot {
                package,
                command: command.to_owned(),
                variable,
            }),
            Self {
                apt: true,
                root: true,
            } => Ok(()),
        }
    }
}

fn manual_command(package: &str, systemd: bool) -> String {
    let mut command =
        format!("sudo apt-get update && sudo apt-get install -y --no-install-recommends {package}");
    if systemd && package == "rabbitmq-server" {
        // The package starts a broker of its own on port 5672, which we neither need nor want.
        command += " && sudo systemctl disable --now rabbitmq-server";
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_root_the_message_holds_the_exact_command() {
        let rights = Rights {
            apt: true,
            root: false,
        };
        let command = manual_command("rabbitmq-server", false);
        let message = rights
            .check("rabbitmq-server", &command, Kind::RabbitMq)
            .unwrap_err()
            .to_string();
        assert!(message.contains(
            "\n    sudo apt-get update && sudo apt-get install -y --no-install-recommends rabbitmq-server\n"
        ));
        assert!(message.contains("set RABBITMQ_URL"));
    }

    #[test]
    fn where_the_package_would_start_a_service_the_command_stops_it() {
        let ending = "rabbitmq-server && sudo systemctl disable --now rabbitmq-server";
        assert!(manual_command("rabbitmq-server", true).ends_with(ending));
        assert!(manual_command("libcurl4", true).ends_with("libcurl4"));
    }

    #[test]
    fn without_apt_the_message_says_so() {
        let rights = Rights {
            apt: false,
            root: true,
        };
        let message = rights
            .check("rabbitmq-server", "", Kind::RabbitMq)
            .unwrap_err()
            .to_string();
        assert!(message.contains("there is no apt-get here"));
    }
}
