//! Configuration: the environment over `.env` over defaults, read once at the start.
//!
//! A value that cannot be used stops the start with one line naming the variable, the value and what is allowed. Here
//! are the table of all variables and the sections that both binaries have; each binary adds its own sections.

mod log_filter;
mod source;
mod traces;
mod variable;

pub use secret_url::SecretUrl;
pub use source::Source;
pub use traces::{OtlpProtocol, TracesConfig};
pub use variable::*;

/// A variable whose value cannot be used, as one line for the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The value is not what the variable allows.
    #[error("{variable} must be {allowed}, got `{value}`")]
    Invalid {
        /// The variable's name.
        variable: &'static str,
        /// Its value, without secrets.
        value: String,
        /// What it accepts.
        allowed: String,
    },
    /// The file that the variable names cannot be used. What is in it is a secret, so no part of it is repeated.
    #[error("{variable} must be {allowed}; `{path}` {problem}")]
    File {
        /// The variable's name.
        variable: &'static str,
        /// What it accepts.
        allowed: &'static str,
        /// The file.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A variable is set, and beside it the one that names a file with its value.
    #[error("{0} and {1} are both set, and either has the value: unset one of them")]
    SetTwice(&'static str, &'static str),
    /// The `.env` file is there but cannot be read.
    #[error(".env cannot be read: {0}")]
    DotEnv(String),
}

impl ConfigError {
    /// A value that `variable` does not allow. Credentials in it are not repeated.
    pub fn invalid(variable: &Variable, value: &str) -> Self {
        Self::Invalid {
            variable: variable.name,
            value: SecretUrl::from(value).to_string(),
            allowed: Self::allowed(variable, value),
        }
    }

    /// A value that `variable` does not allow, and that may be a secret.
    fn invalid_secret(variable: &Variable) -> Self {
        Self::Invalid {
            variable: variable.name,
            value: "***".to_owned(),
            allowed: variable.allowed.to_owned(),
        }
    }

    fn in_file(variable: &Variable, path: &str, problem: String) -> Self {
        Self::File {
            variable: variable.name,
            allowed: variable.allowed,
            path: path.to_owned(),
            problem,
        }
    }

    /// What the variable accepts, with a word on what may be wrong with `value`.
    fn allowed(variable: &Variable, value: &str) -> String {
        let mut allowed = variable.allowed.to_owned();
        if SecretUrl::from(value).is_ambiguous() {
            allowed
                .push_str(", with %40 for @, %2F for /, %3F for ? and %23 for # within a user or a password");
        }
        allowed
    }
}

/// An HTTP listener.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// `HOST`.
    pub host: std::net::IpAddr,
    /// `PORT`, `WORKER_PORT` or `METRICS_PORT`; 0 takes any free one.
    pub port: u16,
    /// The name of the variable that set the port.
    pub port_variable: &'static str,
    /// `SHUTDOWN_DELAY`.
    pub shutdown_delay: std::time::Duration,
}

/// MongoDB.
#[derive(Debug, Clone)]
pub struct DatabaseConfig {
    /// `DATABASE_URL`, or what `DATABASE_URL_FILE` holds.
    pub url: SecretUrl,
}

/// Logs and traces.
#[derive(Debug, Clone)]
pub struct TelemetryConfig {
    /// `LOG_LEVEL`, as directives for `EnvFilter`.
    pub level: String,
    /// `LOG_FORMAT`.
    pub format: LogFormat,
    /// Where log lines go.
    pub stream: LogStream,
    /// `OTEL_SERVICE_NAME`: what logs and traces call the process, if not by the name of its binary.
    pub service_name: Option<String>,
    /// Where traces go; `None` if they are not exported.
    pub traces: Option<TracesConfig>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Pretty,
}

/// Where log lines go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogStream {
    /// Standard output: all that a service has to say.
    Stdout,
    /// Standard error, beside a command's answer.
    Stderr,
}

#[cfg(test)]
mod tests;
