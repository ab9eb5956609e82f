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
fn the_environment_wins_over_dot_env_over_the_defaults_and_empty_is_unset() {
    let source = layers(
        &[("PORT", "1"), ("CURRENCY", "JPY")],
        &[("PORT", "2"), ("CURRENCY", "")],
    );
    assert_eq!(source.http(&PORT).unwrap().port, 2);
    assert_eq!(source.currency().unwrap().code(), "JPY");
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
        (
            "DATABASE_URL",
            "mongodb://ada:12?x=secret@db",
            "DATABASE_URL must be a MongoDB connection string such as mongodb://host:27017/totals-service, with %40 for \
             @, %2F for /, %3F for ? and %23 for # within a user or a password, got `mongodb://***?***`",
        ),
    ] {
        let source = source(&[(name, value)]);
        let read = source.http(&PORT).and(source.database()).map(|_| ());
        let read = read
            .and(source.currency().map(|_| ()))
            .and(source.telemetry().map(|_| ()));
        assert_eq!(read.unwrap_err().to_string(), line);
    }
}

#[test]
fn a_command_logs_warnings_for_people_on_standard_error_unless_told_otherwise() {
    let telemetry = source(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318")]).command_telemetry();
    let telemetry = telemetry.unwrap();
    assert_eq!(
        (telemetry.level.as_str(), telemetry.format),
        ("totals=warn,access=warn", LogFormat::Pretty)
    );
    assert_eq!(
        (telemetry.stream, telemetry.otlp_endpoint),
        (LogStream::Stderr, None)
    );
    let told = source(&[("LOG_LEVEL", "debug"), ("LOG_FORMAT", "json")]);
    let telemetry = told.command_telemetry().unwrap();
    assert_eq!(
        (telemetry.level.as_str(), telemetry.format),
        ("totals=debug,access=debug", LogFormat::Json)
    );
}

#[test]
fn a_level_is_for_our_own_targets_and_others_log_only_if_named() {
    for (text, directives) in [
        ("info", "totals=info,access=info"),
        (" Warning ", "totals=warn,access=warn"),
        ("OFF", "totals=off,access=off"),
        ("info, access=Debug", "totals=info,access=info,access=debug"),
        ("access=debug,info,", "totals=info,access=info,access=debug"),
        ("totals_worker=debug", "totals_worker=debug"),
        ("lapin=warning", "lapin=warn"),
        (
            "warn,totals_api::live=trace",
            "totals=warn,access=warn,totals_api::live=trace",
        ),
        ("info,[batch]=debug", "totals=info,access=info,[batch]=debug"),
    ] {
        let telemetry = source(&[("LOG_LEVEL", text)]).command_telemetry().unwrap();
        assert_eq!(telemetry.level, directives, "{text}");
    }
    // Unset.
    let telemetry = source(&[("LOG_LEVEL", "")]).telemetry().unwrap();
    assert_eq!(telemetry.level, "totals=info,access=info");
}

#[test]
fn a_level_that_is_none_is_refused() {
    for text in [
        "inof",
        "fatal",
        "silly",
        "30",
        "true",
        " ",
        ",",
        "access",
        "info,access",
        "info access=debug",
        "access=inof",
        "access=",
        "=debug",
        "info;access=debug",
        "info,access=debug=1",
        "[batch",
        "0",
        "1",
        "info,access=1",
        "totals-worker=debug",
        "warning=info",
        "info=debug",
    ] {
        let source = source(&[("LOG_LEVEL", text)]);
        for read in [source.telemetry(), source.command_telemetry()] {
            let line = format!(
                "LOG_LEVEL must be trace, debug, info, warn, error, off or directives such as info,totals_core=debug, \
                 got `{text}`"
            );
            assert_eq!(read.unwrap_err().to_string(), line);
        }
    }
}

#[test]
fn the_format_may_be_written_in_capitals() {
    for (text, format) in [
        ("JSON", Some(LogFormat::Json)),
        (" Pretty", Some(LogFormat::Pretty)),
        ("jsn", None),
        (" ", None),
    ] {
        let telemetry = source(&[("LOG_FORMAT", text)]).command_telemetry();
        assert_eq!(telemetry.ok().map(|telemetry| telemetry.format), format, "{text}");
    }
}

#[test]
fn a_dot_env_from_windows_is_read() {
    let read = source::pairs(b"\xef\xbb\xbfPORT=8080\r\nCURRENCY=JPY\r\n").unwrap();
    assert_eq!(
        (read["PORT"].as_str(), read["CURRENCY"].as_str()),
        ("8080", "JPY")
    );
    let utf16: Vec<u8> = "\u{feff}PORT=1\r\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(
        source::pairs(&utf16).unwrap_err().to_string(),
        ".env cannot be read: it is not UTF-8; save it in that encoding"
    );
}
