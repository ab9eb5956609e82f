//! What the system's package tool has to provide.
//!
//! For root it is installed; anybody else is told the exact command. A freshly installed server package would start its own
//! service on the very port that we are about to use, so the installation holds that back.

use std::path::Path;
use std::process::Stdio;

use rustix::process::geteuid;

use crate::Error;
use crate::process::{Exit, log_tail};

/// The packages that start a service of the same name.
const SERVICES: [&str; 4] = ["rabbitmq-server", "nginx", "caddy", "haproxy"];

const SCRIPT: &str = include_str!("install.sh");

/// Installs `packages`, or says how to, and what makes them unnecessary.
pub(super) async fn install(packages: &[&str], instead: &'static str, cache: &Path) -> Result<(), Error> {
    let package = packages.join(" ");
    let rights = Rights {
        apt: super::on_path("apt-get").is_some(),
        root: geteuid().is_root(),
    };
    let command = manual_command(&package, Path::new("/run/systemd/system").exists());
    rights.check(&package, &command, instead)?;

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
    fn check(&self, package: &str, command: &str, instead: &'static str) -> Result<(), Error> {
        let package = package.to_owned();
        match self {
            Self { apt: false, .. } => Err(Error::NoPackageTool { package, instead }),
            Self { root: false, .. } => Err(Error::NeedsRoot {
                package,
                command: command.to_owned(),
                instead,
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
    if systemd && SERVICES.contains(&package) {
        // The package starts a server of its own on its usual port, which we neither need nor want.
        command += " && sudo systemctl disable --now ";
        command += package;
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Kind;

    #[test]
    fn without_root_the_message_holds_the_exact_command() {
        let rights = Rights {
            apt: true,
            root: false,
        };
        let command = manual_command("rabbitmq-server", false);
        let message = rights
            .check("rabbitmq-server", &command, Kind::RabbitMq.instead())
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
        assert!(manual_command("nginx", true).ends_with("nginx && sudo systemctl disable --now nginx"));
        assert!(manual_command("libcurl4", true).ends_with("libcurl4"));
    }

    #[test]
    fn without_apt_the_message_says_so() {
        let rights = Rights {
            apt: false,
            root: true,
        };
        let message = rights
            .check("rabbitmq-server", "", Kind::RabbitMq.instead())
            .unwrap_err()
            .to_string();
        assert!(message.contains("there is no apt-get here"));
    }
}
