//! A private RabbitMQ node, run from the system's installation.
//!
//! - `/usr/sbin/rabbitmq-server` switches to the user `rabbitmq` and the system's own node, so its inner script
//!   is run instead, with every path, port and name set to ours.
//! - The node registers with an `epmd` of our own on a port of our own. Erlang would otherwise start a
//!   daemon that outlives everything, and would refuse a second node of the same name. The nodes of a cluster share one,
//!   and a home directory with Erlang's cookie, so they find each other and nobody else.
//! - The code server looks for each module in every plugin directory, which is half of a cold start (5.4 s,
//!   2.7 s without). The node gets a view of the installation without the optional plugins, but for the one that
//!   partitions a queue.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::{NativeInstance, on_path, package};
use crate::directories::cache;
use crate::kind::Kind;
use crate::process::{ChildProcess, OutputTo};
use crate::{Error, port};

/// The one plugin that is enabled: the exchange that partitions events by a header. RabbitMQ ships it.
pub(crate) const PLUGIN: &str = "rabbitmq_consistent_hash_exchange";

/// Where Debian keeps the inner scripts.
const DEBIAN_SCRIPT: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";

/// How long `epmd` may take to listen.
const EPMD_TIMEOUT: Duration = Duration::from_secs(5);

/// Finds the inner start script, installing the package if there is none.
pub(crate) async fn locate() -> Result<PathBuf, Error> {
    if let Some(script) = find() {
        return Ok(script);
    }
    let cache = cache();
    fs::create_dir_all(&cache).map_err(Error::file("create", &cache))?;
    package::install(&["rabbitmq-server"], Kind::RabbitMq.instead(), &cache).await?;
    find().ok_or(Error::NoPackageTool {
        package: "rabbitmq-server".into(),
        instead: Kind::RabbitMq.instead(),
    })
}

fn find() -> Option<PathBuf> {
    let candidates = [Some(PathBuf::from(DEBIAN_SCRIPT)), on_path("rabbitmq-server")];
    let scripts = candidates
        .into_iter()
        .flatten()
        .filter_map(|script| script.canonicalize().ok());
    // Only the inner script has this neighbour; Debian's wrapper on the PATH has not.
    scripts
        .into_iter()
        .find(|script| script.with_file_name("rabbitmq-env").exists())
}

/// The name server of a node or of a cluster.
#[derive(Debug)]
pub(crate) struct Epmd {
    port: u16,
    process: Arc<ChildProcess>,
}

/// Who a node is.
pub(crate) struct Identity<'a> {
    /// Its name, `…@localhost`.
    pub name: &'a str,
    pub amqp_port: u16,
    pub epmd: &'a Epmd,
    /// Where Erlang's cookie lies.
    pub home: &'a Path,
    /// A running node whose cluster it joins when it first starts.
    pub joins: Option<&'a str>,
}

/// Prepares `dir` for a node by itself.
pub(crate) async fn instance(dir: &Path, amqp_port: u16) -> Result<NativeInstance, Error> {
    let script = locate().await?;
    let identity = Identity {
        name: "rabbit@localhost",
        amqp_port,
        epmd: &start_epmd(dir).await?,
        home: &dir.join("home"),
        joins: None,
    };
    node(&script, dir, &identity)
}

/// Prepares `dir` for a node.
pub(crate) fn node(script: &Path, dir: &Path, identity: &Identity<'_>) -> Result<NativeInstance, Error> {
    for dir in [dir, identity.home] {
        fs::create_dir_all(dir).map_err(Error::file("create", dir))?;
    }
    write(dir, "rabbitmq.conf", &configuration(identity))?;
    write(dir, "enabled_plugins", &format!("[{PLUGIN}].\n"))?;
    write(dir, "rabbitmq-env.conf", "")?;
    let scripts = link_installation(script, dir)?;

    let mut command = Command::new(script);
    forget_other_nodes(&mut command);
    command
        .env("ERL_EPMD_ADDRESS", "127.0.0.1")
        .env("ERL_CRASH_DUMP", dir.join("erl_crash.dump"))
        .env("ERL_EPMD_PORT", identity.epmd.port.to_string())
        // Not even when ours is gone may Erlang start a daemon.
        .env("ERL_ZFLAGS", "-start_epmd false")
        .env("HOME", identity.home)
        .env("RABBITMQ_ADVANCED_CONFIG_FILE", dir.join("advanced.config"))
        .env("RABBITMQ_CONFIG_FILE", dir.join("rabbitmq.conf"))
        .env("RABBITMQ_CONFIG_FILES", dir.join("conf.d"))
        .env("RABBITMQ_CONF_ENV_FILE", dir.join("rabbitmq-env.conf"))
        .env("RABBITMQ_DIST_PORT", port::free().to_string())
        .env("RABBITMQ_ENABLED_PLUGINS_FILE", dir.join("enabled_plugins"))
        .env("RABBITMQ_LOGS", "-")
        .env("RABBITMQ_LOG_BASE", dir.join("logs"))
        .env("RABBITMQ_MNESIA_BASE", dir.join("data"))
        .env("RABBITMQ_NODENAME", identity.name)
        .env("RABBITMQ_PID_FILE", dir.join("rabbitmq.pid"))
        .env("RABBITMQ_SCRIPTS_DIR", scripts)
        .env(
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
            "-kernel inet_dist_use_interface {127,0,0,1}",
        )
        // The script then becomes the Erlang machine, which handles SIGTERM itself, instead of forking it.
        .env("RUNNING_UNDER_SYSTEMD", "true");
    let node = NativeInstance::new(Kind::RabbitMq, dir, command);
    Ok(node.with_companion(identity.epmd.process.clone()))
}

/// A command that asks or tells a node something: `rabbitmqctl`, for this node.
pub(crate) fn control(node: &NativeInstance) -> Command {
    let mut command = node.beside("rabbitmqctl");
    // It belongs to the installation as a whole.
    command.env_remove("RABBITMQ_SCRIPTS_DIR").arg("--quiet");
    command
}

fn configuration(identity: &Identity<'_>) -> String {
    let cluster = identity.joins.map_or_else(String::new, |node| {
        format!(
            "cluster_formation.peer_discovery_backend = classic_config\n\
             cluster_formation.classic_config.nodes.1 = {node}\n"
        )
    });
    let amqp_port = identity.amqp_port;
    format!(
        "{cluster}listeners.tcp.1 = 127.0.0.1:{amqp_port}\n\
         log.console = true\n\
         log.console.level = warning\n\
         log.file = false\n\
         # The default blocks every publisher, silently, when less than this is left on a developer's disk.\n\
         disk_free_limit.absolute = 50MB\n"
    )
}

/// Drops what the caller's environment says about other nodes and Erlang machines.
fn forget_other_nodes(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["RABBITMQ_", "ERL_", "NOTIFY_SOCKET", "CONF_ENV_FILE"]
            .iter()
            .any(|prefix| text.starts_with(prefix))
        {
            command.env_remove(&name);
        }
    }
}

/// Links the installation's scripts and its libraries, without the optional plugins, below `dir`.
/// Returns the directory of the scripts, from which RabbitMQ finds the libraries.
fn link_installation(script: &Path, dir: &Path) -> Result<PathBuf, Error> {
    use std::os::unix::fs::symlink;

    let view = dir.join("installation");
    if view.exists() {
        fs::remove_dir_all(&view).map_err(Error::file("remove", &view))?;
    }
    let plugins = view.join("plugins");
    fs::create_dir_all(&plugins).map_err(Error::file("create", &plugins))?;
    let original_scripts = script.parent().unwrap_or(Path::new("/"));
    let scripts = view.join("sbin");
    symlink(original_scripts, &scripts).map_err(Error::file("create", &scripts))?;
    let original_plugins = original_scripts.with_file_name("plugins");
    for entry in fs::read_dir(&original_plugins)
        .map_err(Error::file("read", &original_plugins))?
        .flatten()
    {
        let name = entry.file_name();
        if is_needed(&name.to_string_lossy()) {
            let link = plugins.join(&name);
            symlink(entry.path(), &link).map_err(Error::file("create", link))?;
        }
    }
    Ok(scripts)
}

/// The plugins proper are the applications called `rabbitmq_…`, but for the one that starts the node;
/// all others are libraries.
fn is_needed(application: &str) -> bool {
    ["rabbitmq_prelaunch", PLUGIN]
        .iter()
        .any(|needed| application.starts_with(needed))
        || !application.starts_with("rabbitmq_")
}

/// Starts a name server on a free port; its log lies in `dir`.
pub(crate) async fn start_epmd(dir: &Path) -> Result<Epmd, Error> {
    fs::create_dir_all(dir).map_err(Error::file("create", dir))?;
    let port = port::free();
    let mut command = Command::new("epmd");
    command.args(["-address", "127.0.0.1", "-port", &port.to_string()]);
    let process = ChildProcess::spawn(&command, &OutputTo::File(dir.join("epmd.log"))).await?;
    // The node would give up without it. It needs a millisecond; if it never comes, the node's log says so.
    let listening = async {
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    let _ = timeout(EPMD_TIMEOUT, listening).await;
    Ok(Epmd {
        port,
        process: Arc::new(process),
    })
}

fn write(dir: &Path, name: &str, text: &str) -> Result<(), Error> {
    let path = dir.join(name);
    fs::write(&path, text).map_err(Error::file("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_optional_plugins_are_left_out() {
        for library in [
            "rabbit-3.10.8",
            "rabbit_common-3.10.8",
            "rabbitmq_prelaunch-3.10.8",
            "rabbitmq_consistent_hash_exchange-3.10.8",
            "ra-2.2.0",
        ] {
            assert!(is_needed(library), "{library}");
        }
        for plugin in ["rabbitmq_management-3.10.8", "rabbitmq_mqtt-3.10.8"] {
            assert!(!is_needed(plugin), "{plugin}");
        }
    }
}
