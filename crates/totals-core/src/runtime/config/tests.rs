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
    assert!(telemetry.stream == LogStream::Stderr && telemetry.traces.is_none());
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

/// A file that holds this, and its path.
fn file(content: &[u8]) -> (tempfile::NamedTempFile, String) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, content).unwrap();
    let path = file.path().to_str().unwrap().to_owned();
    (file, path)
}

#[test]
fn a_secret_is_read_from_its_file_without_the_last_line_break() {
    let longest = format!("mongodb://db/{}", "t".repeat(64 * 1024 - 14));
    for (content, url) in [
        ("mongodb://ada:pw@db/totals", "mongodb://ada:pw@db/totals"),
        ("mongodb://db/totals\n", "mongodb://db/totals"),
        ("mongodb://db/totals\r\n", "mongodb://db/totals"),
        (&format!("{longest}\n"), &longest),
    ] {
        let (_file, path) = file(content.as_bytes());
        let source = source(&[("DATABASE_URL_FILE", &path), ("DATABASE_URL", "")]);
        assert_eq!(source.database().unwrap().url.expose(), url);
    }
}

#[test]
fn of_a_file_that_cannot_be_used_the_path_is_named_and_never_the_content() {
    let (_not_text, not_text) = file(b"mongodb://ada:s3cret\xff@db");
    let (_wrong, wrong) = file(b"postgres://ada:s3cret@db\n");
    let (_empty, empty) = file(b"\n");
    let (_ambiguous, ambiguous) = file(b"mongodb://ada:12?x=s3cret@db");
    let (_endless, endless) = file(format!("mongodb://{:>65527}", "é").as_bytes());
    let not_held = "does not hold a MongoDB connection string such as mongodb://host:27017/totals-service";
    for (path, problem) in [
        ("/no/such/file", "cannot be read: No such file or directory"),
        ("/", "cannot be read: "),
        (&not_text, "cannot be read: "),
        (&wrong, not_held),
        (&empty, not_held),
        (&ambiguous, "with %40 for @"),
        (&endless, "has more than the 65536 bytes that are read of it"),
        ("/dev/zero", "has more than the 65536 bytes that are read of it"),
    ] {
        let error = source(&[("DATABASE_URL_FILE", path)]).database().unwrap_err();
        let line = error.to_string();
        let start = format!(
            "DATABASE_URL_FILE must be the path of a file that holds what DATABASE_URL would have; `{path}` "
        );
        assert!(line.starts_with(&start) && line.contains(problem), "{line}");
        assert!(!line.contains("s3cret") && !line.contains("@db"), "{line}");
    }
}

#[test]
fn a_secret_beside_its_file_is_refused() {
    let (_file, path) = file(b"mongodb://db/totals");
    let source = layers(
        &[("DATABASE_URL", "mongodb://ada:s3cret@other/totals")],
        &[("DATABASE_URL_FILE", &path)],
    );
    assert_eq!(
        source.database().unwrap_err().to_string(),
        "DATABASE_URL and DATABASE_URL_FILE are both set, and either has the value: unset one of them"
    );
}
