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

/// Where the configurations listen, and where they find the API.
const LISTEN: &str = "8080";
const API: &str = "totals-api:3005";

/// The proxies: what a failure calls each, its program, and its configuration.
const FRONTS: [(&str, &str, Configuration); 5] = [
    ("nginx", "nginx", Configuration::Deployed("nginx.conf")),
    ("Caddy", "caddy", Configuration::Deployed("Caddyfile")),
    ("HAProxy", "haproxy", Configuration::Deployed("haproxy.cfg")),
    // As they are where nobody has thought of streams: nginx over HTTP/1.0, and both compress whatever they may.
    (
        "eager nginx",
        "nginx",
        Configuration::Other(
            "gzip on; gzip_types *; gzip_min_length 1; gzip_proxied any;\n\
             server { listen 8080; location / { proxy_pass http://totals-api:3005; } }",
        ),
    ),
    (
        "eager Caddy",
        "caddy",
        Configuration::Other(
            ":8080 {\n\tencode {\n\t\tgzip\n\t\tminimum_length 1\n\t}\n\treverse_proxy h2c://totals-api:3005\n}\n",
        ),
    ),
];

/// What surrounds a file of `conf.d` in the system's own configuration.
const NGINX: &str = "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log stderr;\nevents {}\nhttp {\n    \
    access_log off;\n    client_body_temp_path body;\n    proxy_temp_path proxy;\n    fastcgi_temp_path fastcgi;\n    \
    uwsgi_temp_path uwsgi;\n    scgi_temp_path scgi;\n    include totals.conf;\n}\n";

/// Before a Caddyfile: nothing listens but what it says.
const CADDY: &str = "{\n\tadmin off\n}\n";

enum Configuration {
    /// The file of this name in `deploy/proxies`.
    Deployed(&'static str),
    Other(&'static str),
}

/// A proxy before the API.
pub struct Front {
    /// What a failure calls it.
    pub name: &'static str,
    /// Where it listens.
    pub url: String,
    /// Ends with the value.
    _process: ChildProcess,
    _dir: TempDir,
}

/// A file of `deploy/proxies`.
pub fn deployed(file: &str) -> String {
    fs::read_to_string(directories::workspace().join("deploy/proxies").join(file)).unwrap()
}

/// All of them before this API, each answering.
pub async fn before(api: &Process) -> Vec<Front> {
    // One at a time: apt-get has a lock.
    static INSTALLED: OnceCell<()> = OnceCell::const_new();
    let install = async || {
        for (_, program, _) in &FRONTS {
            let found = dev_services::program(program).await;
            found.unwrap_or_else(|error| panic!("{error}"));
        }
    };
    INSTALLED.get_or_init(install).await;
    let api = api.url.trim_start_matches("http://");
    let starts = FRONTS.iter().map(async |(name, program, configuration)| {
        let text = match configuration {
            Configuration::Deployed(file) => deployed(file),
            Configuration::Other(text) => (*text).to_owned(),
        };
        start(name, program, &text, api).await
    });
    join_all(starts).await
}

async fn start(name: &'static str, program: &str, text: &str, api: &str) -> Front {
    for placeholder in [LISTEN, API] {
        assert_eq!(text.matches(placeholder).count(), 1, "{name}: {placeholder}");
    }
    let port = port::free();
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new(dev_services::program(program).await.unwrap());
    command.current_dir(dir.path());
    write(&mut command, dir.path(), program, &text.replace(API, api), port);
    let log = dir.path().join("log");
    let process = ChildProcess::spawn(&command, &OutputTo::File(log.clone()))
        .await
        .unwrap();
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

/// Writes the configuration with this port, and names it on the command line.
fn write(command: &mut Command, dir: &Path, program: &str, text: &str, port: u16) {
    let write = |file: &str, text: &str| fs::write(dir.join(file), text).unwrap();
    let local = format!("127.0.0.1:{port}");
    match program {
        "nginx" => {
            write("nginx.conf", NGINX);
            write("totals.conf", &text.replace(LISTEN, &local));
            command.arg("-p").arg(dir).args(["-c", "nginx.conf"]);
        }
        "caddy" => {
            let text = text.replace(":8080", &format!("http://{local}"));
            write("Caddyfile", &format!("{CADDY}{text}"));
            command.args(["run", "--config", "Caddyfile"]);
            for variable in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
                command.env(variable, dir);
            }
        }
        _ => {
            write("haproxy.cfg", &text.replace(":8080", &local));
            command.args(["-db", "-f", "haproxy.cfg"]);
        }
    }
}
