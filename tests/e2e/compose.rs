//! docker-compose.yml, .env.example and the Dockerfile against the configuration of both binaries: one setting has four
//! homes, and nothing else would notice when they drift apart. The files are only read; no service is needed.

mod files;
mod image;
mod monitoring;
mod variables;

use std::collections::BTreeSet;

use totals_core::runtime::config::VARIABLES;

use crate::harness::{api_command, worker_command};

use files::{Setting, compose, file, references, settings};
use variables::{LAST_READ, complaint, is_of_a_file, names, variable, variables_read};

#[test]
fn each_binary_gets_exactly_the_variables_it_reads() {
    let compose = compose();
    // Compose sets DATABASE_URL and RABBITMQ_URL, beside which no file may be named: an override does both.
    let in_compose = |read: &BTreeSet<&'static str>| -> BTreeSet<_> {
        read.iter().copied().filter(|name| !is_of_a_file(name)).collect()
    };
    let api = variables_read(api_command);
    let worker = variables_read(worker_command);
    assert_eq!(&api | &worker, names(VARIABLES), "a variable that nothing reads");
    for (service, read) in [("api", api), ("worker", worker)] {
        let given: BTreeSet<_> = compose.services[service]
            .environment
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(
            given,
            in_compose(&read),
            "environment of {service} in docker-compose.yml"
        );
    }
}

#[test]
fn compose_has_the_defaults_of_the_binaries_but_its_own_hosts() {
    let compose = compose();
    for service in ["api", "worker"] {
        for (name, value) in &compose.services[service].environment {
            let default = variable(name).default.unwrap_or_default();
            let expected = match name.as_str() {
                // Fixed inside the container; what is set applies to the published port.
                "HOST" | "PORT" | "METRICS_PORT" | "WORKER_PORT" => default.to_owned(),
                "DATABASE_URL" => format!("${{{name}:-{}}}", default.replace("localhost", "mongodb")),
                "RABBITMQ_URL" => format!("${{{name}:-{}}}", default.replace("localhost", "rabbitmq")),
                _ => format!("${{{name}:-{default}}}"),
            };
            assert_eq!(*value, expected, "{name} of {service} in docker-compose.yml");
        }
    }
}

#[test]
fn published_ports_are_the_default_ones_and_only_http_leaves_the_machine() {
    let compose = compose();
    let host = variable("HOST").default.unwrap();
    for (service, name) in [("api", "PORT"), ("worker", "WORKER_PORT")] {
        let port = variable(name).default.unwrap();
        let service_name = service;
        let service = &compose.services[service];
        // Of the worker there may be several, which cannot share one port.
        let published = if service_name == "api" { port } else { "" };
        let mut ports = vec![format!("${{HOST:-{host}}}:${{{name}:-{published}}}:{port}")];
        if service_name == "api" {
            ports.push("127.0.0.1:${METRICS_PORT:-3007}:3007".to_owned());
        }
        assert_eq!(service.ports, ports);
        let probe = service.healthcheck.as_ref().unwrap().test.join(" ");
        assert!(probe.contains(&format!("/dev/tcp/127.0.0.1/{port} ")), "{probe}");
        assert!(probe.contains("GET /health "), "{probe}");
        assert!(file("Dockerfile").contains(&format!(" {port}")), "EXPOSE {port}");
    }
    assert_eq!(variable("METRICS_PORT").default, Some("3007"));
    assert!(file("Dockerfile").contains(" 3007"), "EXPOSE 3007");
    for (service, url) in [("mongodb", "DATABASE_URL"), ("rabbitmq", "RABBITMQ_URL")] {
        let ports = &compose.services[service].ports;
        assert!(
            ports.iter().all(|port| port.starts_with("127.0.0.1:")),
            "{ports:?}"
        );
        let (_, inside) = ports[0].rsplit_once(':').unwrap();
        assert!(ports[0].contains(&format!(":-{inside}}}:")), "{ports:?}");
        let default = variable(url).default.unwrap();
        assert!(
            default.contains(&format!("localhost:{inside}")),
            "{default} with {ports:?}"
        );
    }
}

#[test]
fn the_example_lists_every_variable_with_its_default_and_its_help() {
    let (example, compose) = (file(".env.example"), file("docker-compose.yml"));
    let settings = settings(&example);
    let references = references(&compose);
    let listed: BTreeSet<_> = settings.iter().map(|setting| setting.name).collect();
    let used: BTreeSet<_> = references.iter().map(|(name, _)| *name).collect();
    assert_eq!(listed.len(), settings.len(), "a name twice in .env.example");
    assert_eq!(
        listed,
        &used | &names(VARIABLES),
        ".env.example (left) lists what docker-compose.yml and the binaries read (right)"
    );
    let passed_on: BTreeSet<_> = listed.into_iter().filter(|name| !is_of_a_file(name)).collect();
    assert_eq!(used, passed_on, "docker-compose.yml (left) passes on all of it");

    for Setting { name, value, help } in settings {
        if let Some(variable) = VARIABLES.iter().find(|variable| variable.name == name) {
            assert_eq!(
                value,
                variable.default.unwrap_or_default(),
                "{name} in .env.example"
            );
            assert_eq!(
                help,
                format!("# {}; {}", variable.help, variable.allowed),
                "above {name}"
            );
        } else {
            let mut defaults = references.iter().filter(|(used, _)| *used == name);
            assert!(
                defaults.all(|(_, default)| *default == value),
                "{name} in .env.example"
            );
        }
    }
}

#[test]
fn a_plain_copy_of_the_example_changes_nothing_and_every_line_of_it_is_valid() {
    let example = file(".env.example");
    for line in example.lines() {
        assert!(
            line.is_empty() || line.starts_with('#'),
            "{line} is not commented out"
        );
    }
    let all = settings(&example);
    let all: Vec<_> = all.iter().map(|setting| (setting.name, setting.value)).collect();
    for command in [api_command(), worker_command()] {
        assert!(complaint(command, &all).contains(LAST_READ.name));
    }
}

#[test]
fn a_new_password_reaches_the_broker_by_the_names_its_image_reads() {
    let rabbitmq = &compose().services["rabbitmq"];
    assert!(rabbitmq.image.as_ref().unwrap().ends_with("-management"));
    for (name, word) in [("RABBITMQ_DEFAULT_USER", 1), ("RABBITMQ_DEFAULT_PASS", 2)] {
        // amqp://guest:guest@localhost:5672
        let default = variable("RABBITMQ_URL")
            .default
            .unwrap()
            .split([':', '@'])
            .nth(word)
            .unwrap();
        let default = default.trim_start_matches('/');
        assert_eq!(rabbitmq.environment[name], format!("${{{name}:-{default}}}"));
    }
}

#[test]
fn every_service_is_watched_restarted_and_bounded_and_waits_for_healthy_ones() {
    let compose = compose();
    let all: Vec<_> = compose.services.keys().map(String::as_str).collect();
    assert_eq!(
        all,
        ["api", "grafana", "mongodb", "prometheus", "rabbitmq", "worker"]
    );
    for (name, service) in &compose.services {
        assert!(service.healthcheck.is_some(), "{name} has no healthcheck");
        assert_eq!(service.restart, "unless-stopped", "{name}");
        assert!(
            service.logging.options.contains_key("max-size"),
            "{name}'s log grows for ever"
        );
        let grace: u32 = service.stop_grace_period.trim_end_matches('s').parse().unwrap();
        assert!(
            grace >= 10,
            "{name} is killed after {grace} s; the binaries take up to 8 s"
        );
        for dependency in service.depends_on.values() {
            assert_eq!(dependency.condition, "service_healthy", "{name}");
        }
    }
    let waits_for = |service: &str| -> Vec<_> { compose.services[service].depends_on.keys().collect() };
    assert_eq!(waits_for("api"), ["mongodb"]);
    assert_eq!(waits_for("worker"), ["mongodb", "rabbitmq"]);
}

#[test]
fn the_api_and_the_worker_are_one_image_with_few_rights() {
    let compose = compose();
    for (service, binary) in [("api", "totals-api"), ("worker", "totals-worker")] {
        let service = &compose.services[service];
        assert_eq!(service.build.as_deref(), Some("."));
        assert_eq!(service.command, [binary]);
        assert_eq!(
            (service.read_only, &*service.cap_drop),
            (true, &["ALL".to_owned()][..])
        );
    }
}

#[test]
fn several_workers_fit_and_no_engine_has_to_raise_a_limit() {
    let compose = compose();
    let worker = &compose.services["worker"];
    assert!(worker.container_name.is_none(), "one name for two containers");
    for (name, service) in &compose.services {
        assert!(
            service.ulimits.is_none(),
            "an engine without the right refuses to start {name}"
        );
    }
    // What they need they take themselves, as far as it is allowed.
    for name in ["mongodb", "rabbitmq"] {
        let command = compose.services[name].command.join(" ");
        let allowed = std::process::Command::new("bash")
            .args(["-c", &limits_alone(&command, 4096)])
            .output()
            .unwrap();
        assert_eq!(
            String::from_utf8_lossy(&allowed.stdout),
            "4096\n",
            "{name}: {allowed:?}"
        );
        assert!(
            allowed.status.success() && allowed.stderr.is_empty(),
            "{name}: {allowed:?}"
        );
    }
}

/// The command's own lines for the limit, in a shell that may not go above `hard`, and then the limit.
fn limits_alone(command: &str, hard: u32) -> String {
    let script = command.strip_prefix("bash -c ").unwrap().replace("$$", "$");
    let (limits, _) = script.split_once("exec ").unwrap();
    format!("ulimit -Sn 1024; ulimit -Hn {hard}; {limits} ulimit -n")
}

#[test]
fn the_database_logs_no_line_for_each_connection_of_its_health_check() {
    let compose = compose();
    let mongodb = &compose.services["mongodb"];
    assert!(mongodb.command.join(" ").contains(" --quiet"));
    let probe = mongodb.healthcheck.as_ref().unwrap().test.join(" ");
    // Measured with mongosh 2.12: five connections a probe without these, two with them.
    assert!(
        probe.contains("directConnection=true&maxPoolSize=1&serverMonitoringMode=poll"),
        "{probe}"
    );
}

#[test]
fn data_outlives_its_containers() {
    let compose = compose();
    for (service, directory) in [
        ("mongodb", "/data/db"),
        ("rabbitmq", "/var/lib/rabbitmq"),
        ("prometheus", "/prometheus"),
    ] {
        let volumes = &compose.services[service].volumes;
        let mounted = volumes.iter().filter_map(|volume| volume.split_once(':'));
        let (volume, _) = mounted.clone().find(|(_, to)| *to == directory).unwrap();
        assert!(
            compose.volumes.contains_key(volume),
            "{volume} is not a named volume"
        );
    }
    // MongoDB's replica set and RabbitMQ's data directory are tied to the host name.
    for service in ["mongodb", "rabbitmq"] {
        assert_eq!(compose.services[service].hostname.as_deref(), Some(service));
    }
    let probe = compose.services["mongodb"]
        .healthcheck
        .as_ref()
        .unwrap()
        .test
        .join(" ");
    let command = compose.services["mongodb"].command.join(" ");
    assert!(
        command.contains("--replSet rs0") && probe.contains("_id: 'rs0'"),
        "{command}; {probe}"
    );
    assert!(
        probe.contains("host: 'mongodb:27017'") && probe.contains("NotYetInitialized"),
        "{probe}"
    );
}
