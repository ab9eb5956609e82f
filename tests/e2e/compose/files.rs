//! The files under test, read as far as the tests look at them.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;

#[derive(Deserialize)]
pub struct Compose {
    pub services: BTreeMap<String, Service>,
    pub volumes: BTreeMap<String, Option<IgnoredAny>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Service {
    pub build: Option<String>,
    pub cap_drop: Vec<String>,
    pub command: Vec<String>,
    pub container_name: Option<String>,
    pub depends_on: BTreeMap<String, Dependency>,
    pub environment: BTreeMap<String, String>,
    pub healthcheck: Option<Healthcheck>,
    pub hostname: Option<String>,
    pub image: Option<String>,
    pub logging: Logging,
    pub ports: Vec<String>,
    pub profiles: Vec<String>,
    pub read_only: bool,
    pub restart: String,
    pub stop_grace_period: String,
    pub ulimits: Option<IgnoredAny>,
    pub volumes: Vec<String>,
}

#[derive(Deserialize)]
pub struct Dependency {
    pub condition: String,
}

#[derive(Deserialize)]
pub struct Healthcheck {
    pub test: Vec<String>,
}

#[derive(Deserialize, Default)]
pub struct Logging {
    pub options: BTreeMap<String, String>,
}

/// A line `#NAME=value` of .env.example.
pub struct Setting<'a> {
    pub name: &'a str,
    pub value: &'a str,
    /// The comment line above it.
    pub help: &'a str,
}

pub fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

pub fn file(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

pub fn compose() -> Compose {
    serde_saphyr::from_str(&file("docker-compose.yml"))
        .unwrap_or_else(|error| panic!("docker-compose.yml: {error}"))
}

/// The settings of .env.example. Where several follow each other, the help is that of the first.
pub fn settings(example: &str) -> Vec<Setting<'_>> {
    let mut help = "";
    let mut settings = Vec::new();
    for line in example.lines() {
        match line.strip_prefix('#').and_then(|line| line.split_once('=')) {
            Some((name, value)) if is_name(name) => settings.push(Setting { name, value, help }),
            _ => help = line,
        }
    }
    settings
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

/// The name and default of every `${NAME:-default}`.
pub fn references(compose: &str) -> Vec<(&str, &str)> {
    compose
        .split("${")
        .skip(1)
        .map(|text| {
            let reference = text.split_once('}').map(|(reference, _)| reference);
            reference
                .and_then(|reference| reference.split_once(":-"))
                .unwrap_or_else(|| panic!("not of the form ${{NAME:-default}}: ${{{text}"))
        })
        .collect()
}
