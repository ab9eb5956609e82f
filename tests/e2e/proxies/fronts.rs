//! The proxies as private processes: in the foreground, on the loopback interface, with every file in a directory of their own.

use std::fs;
use std::path::Path;
use std::process::Command;

use dev_services::process::{ChildProcess, OutputTo};
use dev_services::{directories, port};
use futures::future::join_all;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::harness::{Process, eventually};

/// Where the configurations say that they listen, and where the API is.
const LISTEN: &str = "8080";
const API: &str = "totals-api:3005";

/// What surrounds nginx's file in the system's own configuration. Its workers keep this user.
const NGINX: &str = "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log stderr;\nevents {}\nhttp {\n    \
    access_log off;\n    client_body_temp_path body;\n    proxy_temp_path proxy;\n    fastcgi_temp_path fastcgi;\n    \
    uwsgi_temp_path uwsgi;\n    scgi_temp_path scgi;\n    include totals.conf;\n}\n";

/// Before the Caddyfile: nothing listens but what it says.
const CADDY: &str = "{\n\tadmin off\n}\n";

/// A proxy before the API.
pub struct Front {
    /// Its program.
    pub name: &'static str,
    /// Where it listens.
    pub url: String,
    /// Ends with the value.
    _process: ChildProcess,
    _dir: TempDir,
}

/// All of them before this API, each answering.
pub async fn before(api: &Process) -> Vec<Front> {
    // One at a time: apt-get has a lock.
    static INSTALLED: OnceCell<()> = OnceCell::const_new();
    let install = async || {
        for program in ["nginx", "caddy", "haproxy"] {
            let found = dev_services::program(program).await;
            found.unwrap_or_else(|error| panic!("{error}"));
        }
    };
    INSTALLED.get_or_init(install).await;
    let api = api.url.trim_start_matches("http://");
    join_all([
        start("nginx", "nginx.conf", api),
        start("caddy", "Caddyfile", api),
        start("haproxy", "haproxy.cfg", api),
    ])
    .await
}

async fn start(name: &'static str, file: &str, api: &str) -> Front {
    let program = dev_services::program(name).await.unwrap();
    let deployed = directories::workspace().join("deploy/proxies").join(file);
    let deployed = fs::read_to_string(deployed).unwrap();
    let port = port::free();
    let at = |text: &str| {
        assert_eq!(text.matches(LISTEN).count(), 1, "{file} names its port once");
        assert_eq!(text.matches(API).count(), 1, "{file} names the API once");
        // `listen 8080` in nginx, `:8080` in the others.
        let local = format!("127.0.0.1:{port}");
        let listen = if text.contains(":8080") { ":8080" } else { LISTEN };
        let local = if name == "caddy" { format!("http://{local}") } else { local };
        text.replace(API, api).replace(listen, &local)
    };
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new(program);
    command.current_dir(dir.path());
    write(&mut command, dir.path(), name, &at(&deployed));
    let log = dir.path().join("log");
    let process = ChildProcess::spawn(&command, &OutputTo::File(log.clone())).await.unwrap();
    let url = format!("http://127.0.0.1:{port}");
    let answered = async || match reqwest::get(format!("{url}/livez")).await {
        Ok(answer) => answer.status().to_string(),
        Err(_) => fs::read_to_string(&log).unwrap_or_default(),
    };
    eventually(answered, |answered| answered == "200 OK").await;
    Front {
        name,
        url,
        _process: process,
        _dir: dir,
    }
}

/// Writes the configuration, and names it on the command line.
fn write(command: &mut Command, dir: &Path, name: &str, text: &str) {
    let write = |file: &str, text: &str| fs::write(dir.join(file), text).unwrap();
    match name {
        "nginx" => {
            write("nginx.conf", NGINX);
            write("totals.conf", text);
            command.arg("-p").arg(dir).args(["-c", "nginx.conf"]);
        }
        "caddy" => {
            write("Caddyfile", &format!("{CADDY}{text}"));
            command.args(["run", "--config", "Caddyfile"]);
            for variable in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
                command.env(variable, dir);
            }
        }
        _ => {
            write("haproxy.cfg", text);
            command.args(["-db", "-f", "haproxy.cfg"]);
        }
    }
}
