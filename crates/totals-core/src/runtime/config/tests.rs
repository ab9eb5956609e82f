use super::*;

fn source(environment: &[(&str, &str)]) -> Source {
    layers(&[], environment)
}

fn layers(dot_env: &[(&str, &str)], environment: &[(&str, &str)]) -> Source {
    let map = |pairs: &[(&str, &str)]| {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    };
    Source::from_layers(map(dot_env), map(environment)).unwrap()
}

#[test]
fn the_defaults_are_a_working_configuration() {
    let worker = source(&[]).worker().unwrap();
    assert_eq!(
        (worker.http.host.to_string().as_str(), worker.http.port),
        ("0.0.0.0", 3006)
    );
    assert_eq!(worker.broker.queue, "totals-service.events");
    assert_eq!(worker.broker.dead_letter_queue(), "totals-service.dead-letters");
    assert_eq!(worker.broker.prefetch, 6000);
    assert_eq!(worker.currency.code(), "USD");
    assert_eq!(source(&[]).api().unwrap().http.port, 3005);
    assert_eq!(worker.telemetry.otlp_endpoint, None);
}

#[test]
fn the_environment_wins_over_dot_env_over_the_defaults_and_empty_is_unset() {
    let source = layers(
        &[("PORT", "1"), ("CURRENCY", "JPY")],
        &[("PORT", "2"), ("CURRENCY", "")],
    );
    let api = source.api().unwrap();
    assert_eq!((api.http.port, api.currency.code()), (2, "JPY"));
}

#[test]
fn a_bad_value_is_one_line_with_the_variable_the_value_and_what_is_allowed() {
    for (name, value, line) in [
        (
            "PORT",
            "http",
            "PORT must be a port number from 0 (any free port) to 65535, got `http`",
        ),
        (
            "PORT",
            "65536",
            "PORT must be a port number from 0 (any free port) to 65535, got `65536`",
        ),
        ("HOST", "here", "HOST must be an IP address, got `here`"),
        (
            "CURRENCY",
            "usd",
            "CURRENCY must be an ISO 4217 currency code such as USD, EUR or JPY, got `usd`",
        ),
        (
            "LOG_FORMAT",
            "xml",
            "LOG_FORMAT must be json or pretty, got `xml`",
        ),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "localhost",
            "OTEL_EXPORTER_OTLP_ENDPOINT must be an http:// or https:// URL such as http://localhost:4318, \
             got `localhost`",
        ),
        (
            "DATABASE_URL",
            "postgres://ada:secret@db/totals",
            "DATABASE_URL must be a MongoDB connection string such as mongodb://host:27017/totals-service, \
             got `postgres://***@db/totals`",
        ),
    ] {
        assert_eq!(source(&[(name, value)]).api().unwrap_err().to_string(), line);
    }
    for (name, value) in [
        ("LANES", "0"),
        ("BATCH_SIZE", "-1"),
        ("RABBITMQ_PREFETCH", "70000"),
        ("RABBITMQ_URL", "x"),
        ("RABBITMQ_URL", "amqp://a/v,ampq://b"),
    ] {
        let line = source(&[(name, value)]).worker().unwrap_err().to_string();
        assert!(
            line.starts_with(&format!("{name} must be ")) && line.ends_with(&format!("got `{value}`")),
            "{line}"
        );
    }
}

#[test]
fn a_cluster_is_a_list_of_urls_and_a_comma_in_a_password_is_none() {
    for (list, urls) in [
        ("amqp://a", vec!["amqp://a"]),
        (
            "amqp://u:p@a:1/v?x=1, amqps://u:p@b",
            vec!["amqp://u:p@a:1/v?x=1", "amqps://u:p@b"],
        ),
        ("amqp://u:p,w@a,amqp://b", vec!["amqp://u:p,w@a", "amqp://b"]),
    ] {
        let broker = source(&[("RABBITMQ_URL", list)]).broker().unwrap();
        let read: Vec<_> = broker.urls.iter().map(SecretUrl::expose).collect();
        assert_eq!(read, urls);
    }
}

#[test]
fn a_command_logs_warnings_for_people_on_standard_error_unless_told_otherwise() {
    let telemetry = source(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318")]).command_telemetry();
    let telemetry = telemetry.unwrap();
    assert_eq!(
        (telemetry.level.as_str(), telemetry.format),
        ("warn,lapin=off", LogFormat::Pretty)
    );
    assert_eq!(
        (telemetry.stream, telemetry.otlp_endpoint),
        (LogStream::Stderr, None)
    );
    let told = source(&[("LOG_LEVEL", "debug"), ("LOG_FORMAT", "json")]);
    let telemetry = told.command_telemetry().unwrap();
    assert_eq!(
        (telemetry.level.as_str(), telemetry.format),
        ("debug", LogFormat::Json)
    );
}

#[test]
fn each_part_is_read_alone() {
    let source = source(&[("WORKER_PORT", "none"), ("RABBITMQ_URL", "none")]);
    assert!(source.database().is_ok() && source.currency().is_ok() && source.command_telemetry().is_ok());
    assert!(source.worker().is_err());
}
