use std::collections::HashMap;

use super::*;

fn source(environment: &[(&str, &str)]) -> Source {
    let pairs = environment.iter();
    let pairs = pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Source::from_layers(HashMap::new(), pairs.collect()).unwrap()
}

fn traces(environment: &[(&str, &str)]) -> Option<TracesConfig> {
    source(environment).traces().unwrap()
}

#[test]
fn each_bad_value_is_one_line_with_what_is_allowed_and_no_keys() {
    for (variable, value) in [
        (&OTEL_SDK_DISABLED, "yes"),
        (&OTEL_TRACES_ENABLED, "0"),
        (&OTEL_TRACES_EXPORTER, "jaeger"),
        (&OTEL_TRACES_SAMPLER, "parentbased_jaeger_remote"),
        (&OTEL_TRACES_SAMPLER, "parentbased_parentbased_always_on"),
        (&OTEL_TRACES_SAMPLER_ARG, "1.5"),
        (&OTEL_TRACES_SAMPLER_ARG, "NaN"),
        (&OTEL_EXPORTER_OTLP_PROTOCOL, "http/json"),
        (&OTEL_EXPORTER_OTLP_TRACES_PROTOCOL, "http"),
        (&OTEL_EXPORTER_OTLP_TIMEOUT, "10s"),
        (&OTEL_EXPORTER_OTLP_TRACES_TIMEOUT, "0"),
        (&OTEL_EXPORTER_OTLP_ENDPOINT, "collector:4317"),
        (&OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, "http://"),
        (&OTEL_RESOURCE_ATTRIBUTES, "production"),
    ] {
        let line = source(&[(variable.name, value)])
            .traces()
            .unwrap_err()
            .to_string();
        assert_eq!(
            line,
            format!("{} must be {}, got `{value}`", variable.name, variable.allowed)
        );
    }
    for headers in [
        "authorization Bearer secret",
        "a b=secret",
        "a=%00secret",
        "=secret",
    ] {
        let line = source(&[("OTEL_EXPORTER_OTLP_HEADERS", headers)]).traces();
        let line = line.unwrap_err().to_string();
        assert!(line.ends_with("got `***`") && !line.contains("secret"), "{line}");
    }
    let traces = traces(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=secret"),
    ]);
    assert!(!format!("{traces:?}").contains("secret"));
}

#[test]
fn the_endpoint_is_completed_for_http_alone_and_is_localhost_only_if_otlp_is_asked_for() {
    let endpoint = |environment: &[_]| traces(environment).map(|traces| traces.endpoint.to_string());
    let http = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/");
    let own = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://traces/v2");
    let grpc = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
    let otlp = ("OTEL_TRACES_EXPORTER", "otlp");
    for (environment, expected) in [
        (&[][..], None),
        (&[grpc], None),
        (&[http], Some("http://collector:4318/v1/traces")),
        (&[http, grpc], Some("http://collector:4318/")),
        (&[http, own], Some("https://traces/v2")),
        (&[otlp], Some("http://localhost:4318/v1/traces")),
        (&[otlp, grpc], Some("http://localhost:4317/")),
        (&[otlp, http], Some("http://collector:4318/v1/traces")),
        (&[otlp, http, ("OTEL_SDK_DISABLED", "TRUE")], None),
    ] {
        assert_eq!(endpoint(environment).as_deref(), expected, "{environment:?}");
    }
}
