//! The profile `monitoring`: what it adds, and that it stays on this machine. tests/deploy holds the files that it mounts.

use super::files::{compose, file, root};
use super::variables::variable;

const MONITORING: [&str; 2] = ["grafana", "prometheus"];

#[test]
fn only_the_profile_adds_them_and_only_this_machine_reaches_them() {
    let compose = compose();
    for (name, service) in &compose.services {
        let expected: &[&str] = if MONITORING.contains(&name.as_str()) {
            &["monitoring"]
        } else {
            &[]
        };
        assert_eq!(service.profiles, expected, "{name}");
    }
    for name in MONITORING {
        let service = &compose.services[name];
        assert!(!service.ports.is_empty());
        for port in &service.ports {
            assert!(
                port.starts_with("127.0.0.1:"),
                "{name} asks for no password: {port}"
            );
        }
        assert_eq!(
            (service.read_only, &*service.cap_drop),
            (true, &["ALL".to_owned()][..]),
            "{name}"
        );
    }
}

#[test]
fn their_versions_stand_still_and_their_files_are_mounted_for_reading() {
    let compose = compose();
    for name in MONITORING {
        let service = &compose.services[name];
        let (_, tag) = service.image.as_ref().unwrap().rsplit_once(':').unwrap();
        assert_eq!(tag.split('.').count(), 3, "{name}: {tag} may move");
        let files = service.volumes.iter().filter(|volume| volume.starts_with("./"));
        let mut mounted = 0;
        for volume in files {
            let parts: Vec<_> = volume.split(':').collect();
            assert!(root().join(parts[0]).is_dir(), "{name}: {volume}");
            assert_eq!(parts.last(), Some(&"ro"), "{name}: {volume}");
            mounted += 1;
        }
        assert!(mounted > 0, "{name} mounts nothing");
    }
}

#[test]
fn prometheus_asks_for_both_services_by_their_names_at_their_ports() {
    let configuration = file("deploy/prometheus/prometheus.yml");
    let worker = variable("WORKER_PORT").default.unwrap();
    for (service, port) in [("api", "3007"), ("worker", worker)] {
        let target = format!("names: [{service}]\n        type: A\n        port: {port}\n");
        assert!(configuration.contains(&target), "{target}");
        let job = format!("job_name: totals-{service}\n");
        assert!(configuration.contains(&job), "the alerts ask for this job: {job}");
    }
}
