//! Every environment variable, declared once: `--help`, error messages and the test that holds `.env.example` and
//! docker-compose.yml against this table all read the same declaration.

/// One environment variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    /// Its name in the environment.
    pub name: &'static str,
    /// Its value where none is set; `None` for one that may stay unset.
    pub default: Option<&'static str>,
    /// What it accepts, as the end of the sentence "must be …".
    pub allowed: &'static str,
    /// What it is for.
    pub help: &'static str,
}

macro_rules! variables {
    ($($(#[$doc:meta])* $name:ident = $default:expr, $allowed:literal, $help:literal;)*) => {
        $($(#[$doc])* pub const $name: Variable =
            Variable { name: stringify!($name), default: $default, allowed: $allowed, help: $help };)*

        /// Every variable that either binary reads.
        pub const VARIABLES: &[Variable] = &[$($name),*];
    };
}

variables! {
    /// Default `0.0.0.0`.
    HOST = Some("0.0.0.0"), "an IP address", "Address that both HTTP servers listen on";
    /// Default 3005.
    PORT = Some("3005"), "a port number from 0 (any free port) to 65535", "Port of the API";
    /// Default 3006.
    WORKER_PORT = Some("3006"), "a port number from 0 (any free port) to 65535",
        "Port of the worker's probes, /health and /metrics";
    /// Default 3007.
    METRICS_PORT = Some("3007"), "a port number from 0 (any free port) to 65535", "Port of the API's /metrics";
    /// Default 0.
    SHUTDOWN_DELAY = Some("0"), "a number of seconds from 0 to 600",
        "How long both go on as before after SIGTERM, but for /readyz, so that balancers send them no more";
    /// Default `mongodb://localhost:27017/totals-service`; the database's name is `totals-service` if the URL has none.
    DATABASE_URL = Some("mongodb://localhost:27017/totals-service"),
        "a MongoDB connection string such as mongodb://host:27017/totals-service",
        "MongoDB, a replica set of one node or more";
    /// Default: unset. In place of [`DATABASE_URL`].
    DATABASE_URL_FILE = None, "the path of a file that holds what DATABASE_URL would have",
        "File with DATABASE_URL, such as a mounted secret; only one of the two may be set";
    /// Default `amqp://guest:guest@localhost:5672`.
    RABBITMQ_URL = Some("amqp://guest:guest@localhost:5672"),
        "an AMQP URL such as amqp://user:password@host:5672 or amqps://host/vhost, or several with commas between",
        "RabbitMQ, one node or all nodes of a cluster";
    /// Default: unset. In place of [`RABBITMQ_URL`].
    RABBITMQ_URL_FILE = None, "the path of a file that holds what RABBITMQ_URL would have",
        "File with RABBITMQ_URL, such as a mounted secret; only one of the two may be set";
    /// Default `care-for-all`.
    RABBITMQ_EXCHANGE = Some("care-for-all"), "an exchange name of 1 to 255 bytes",
        "Topic exchange that producers publish to";
    /// Default `totals-service.events`. Dead letters go to the queue of the same name that ends in `dead-letters`.
    RABBITMQ_QUEUE = Some("totals-service.events"), "a queue name of 1 to 240 bytes", "Queue the worker consumes";
    /// Default 60.
    UPKEEP_SECONDS = Some("60"), "a number from 1 to 3600",
        "Seconds between two looks at whether exchange, queues, bindings, collections and indexes are there";
    /// Default: twice what the lanes can hold, `2 × LANES × BATCH_SIZE`.
    RABBITMQ_PREFETCH = None, "a number from 1 to 65535",
        "Messages in the worker's hands at once (default: 2 x LANES x BATCH_SIZE)";
    /// Default `USD`.
    CURRENCY = Some("USD"), "an ISO 4217 currency code such as USD, EUR or JPY", "The one currency of all amounts";
    /// Default `reject`.
    AMOUNT_PRECISION = Some("reject"), "reject or half-even",
        "What becomes of an amount with more decimals than CURRENCY has: a dead letter, or rounded";
    /// Default 1500.
    BATCH_SIZE = Some("1500"), "a number from 1 to 10000", "Most events committed in one transaction";
    /// Default 2.
    LANES = Some("2"), "a number from 1 to 64", "Transactions under way at once; a campaign keeps to one lane";
    /// Default 10,000.
    MAX_STREAMS = Some("10000"), "a number from 1 to 1000000",
        "Event streams open at once in one API process; one of several campaigns counts for each";
    /// Default 3600.
    STREAM_LIFETIME = Some("3600"), "a number of seconds from 1 to 86400",
        "How long an event stream lasts, or up to a fifth less; its client then connects again by itself";
    /// Default 32.
    DATABASE_READS = Some("32"), "a number from 1 to 1000",
        "Reads of the database at once in one API process; others wait up to 0.5 s for their turn";
    /// Default `off`.
    DONATION_FEED = Some("off"), "off, amounts or names",
        "What the API shows of single donations: nothing, their amounts, or also the names of donors who show them";
    /// Default `info`.
    LOG_LEVEL = Some("info"), "trace, debug, info, warn, error, off or directives such as info,totals_core=debug",
        "What is logged";
    /// Default `json`.
    LOG_FORMAT = Some("json"), "json or pretty", "How it is logged";
    /// Default: unset.
    SERVICE_NAME = None, "a name of 1 to 255 bytes",
        "service.name in logs and traces, where OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES have none";
    /// Default: the name of the binary.
    OTEL_SERVICE_NAME = None, "a name of 1 to 255 bytes",
        "service.name in logs and traces (default: totals-api or totals-worker)";
    /// Default: unset.
    OTEL_RESOURCE_ATTRIBUTES = None, "pairs such as deployment.environment.name=production,service.namespace=shop",
        "What traces say of this process";
    /// Default `false`.
    OTEL_SDK_DISABLED = Some("false"), "true or false", "true exports no traces, whatever else is set";
    /// Default `true`.
    OTEL_TRACES_ENABLED = Some("true"), "true or false", "false exports no traces, whatever else is set";
    /// Default: unset, and then traces are exported if there is an endpoint.
    OTEL_TRACES_EXPORTER = None, "otlp or none",
        "none exports no traces; otlp exports them, without an endpoint to localhost (port 4317 with grpc, else 4318)";
    /// Default `parentbased_always_on`.
    OTEL_TRACES_SAMPLER = Some("parentbased_always_on"),
        "always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off or parentbased_traceidratio",
        "Which traces are exported; parentbased: as the caller has decided, if there is one";
    /// Default 1.
    OTEL_TRACES_SAMPLER_ARG = Some("1"), "a number from 0 to 1", "Share of traces that traceidratio exports";
    /// Default `http/protobuf`.
    OTEL_EXPORTER_OTLP_PROTOCOL = Some("http/protobuf"), "grpc or http/protobuf",
        "What the collector speaks, usually grpc on port 4317 and http/protobuf on port 4318";
    /// Default: unset. Wins over [`OTEL_EXPORTER_OTLP_PROTOCOL`].
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL = None, "grpc or http/protobuf", "OTEL_EXPORTER_OTLP_PROTOCOL for traces alone";
    /// Default: unset.
    OTEL_EXPORTER_OTLP_HEADERS = None, "headers such as authorization=Bearer%20abc,x-tenant=7",
        "Sent to the collector with all that is exported";
    /// Default: unset. Wins over [`OTEL_EXPORTER_OTLP_HEADERS`].
    OTEL_EXPORTER_OTLP_TRACES_HEADERS = None, "headers such as authorization=Bearer%20abc,x-tenant=7",
        "OTEL_EXPORTER_OTLP_HEADERS for traces alone";
    /// Default 10,000.
    OTEL_EXPORTER_OTLP_TIMEOUT = Some("10000"), "a number of milliseconds from 1 to 600000",
        "How long the collector may take for what is sent at once";
    /// Default: unset. Wins over [`OTEL_EXPORTER_OTLP_TIMEOUT`].
    OTEL_EXPORTER_OTLP_TRACES_TIMEOUT = None, "a number of milliseconds from 1 to 600000",
        "OTEL_EXPORTER_OTLP_TIMEOUT for traces alone";
    /// Default: unset. Wins over [`OTEL_EXPORTER_OTLP_ENDPOINT`].
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT = None, "an http:// or https:// URL such as http://localhost:4318/v1/traces",
        "OTEL_EXPORTER_OTLP_ENDPOINT for traces alone; over HTTP it is taken as it is";
    /// Default: unset, and then nothing is exported.
    OTEL_EXPORTER_OTLP_ENDPOINT = None, "an http:// or https:// URL such as http://localhost:4318",
        "OTLP collector of traces, over HTTP below /v1/traces; unset, none are exported";
}

/// The variables of logs and traces, which both binaries read.
pub const TELEMETRY: &[Variable] = &[
    LOG_LEVEL,
    LOG_FORMAT,
    SERVICE_NAME,
    OTEL_SERVICE_NAME,
    OTEL_RESOURCE_ATTRIBUTES,
    OTEL_SDK_DISABLED,
    OTEL_TRACES_ENABLED,
    OTEL_TRACES_EXPORTER,
    OTEL_TRACES_SAMPLER,
    OTEL_TRACES_SAMPLER_ARG,
    OTEL_EXPORTER_OTLP_PROTOCOL,
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL,
    OTEL_EXPORTER_OTLP_HEADERS,
    OTEL_EXPORTER_OTLP_TRACES_HEADERS,
    OTEL_EXPORTER_OTLP_TIMEOUT,
    OTEL_EXPORTER_OTLP_TRACES_TIMEOUT,
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT,
    OTEL_EXPORTER_OTLP_ENDPOINT,
];

/// Variables of earlier versions that have no effect any more.
pub const FORMER: &[&str] = &["LIVE_CAMPAIGNS"];

/// The table of `variables` for `--help`.
pub fn help(variables: &[Variable]) -> String {
    use std::fmt::Write as _;

    let mut text =
        String::from("Environment variables (a .env file in the working directory is read too):\n");
    for Variable {
        name,
        default,
        allowed,
        help,
    } in variables
    {
        let default = default
            .map(|value| format!(" [default: {value}]"))
            .unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = write!(text, "  {name}{default}\n          {help}; {allowed}\n");
    }
    text
}
