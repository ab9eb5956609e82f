//! Where traces go, from the variables of the OpenTelemetry standard.
//!
//! The SDK reads most of them itself, but only from the environment, and it passes over what it does not understand. Here they
//! are in `.env` as well, and a value that cannot be used stops the start like any other.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri};
use opentelemetry_sdk::trace::Sampler;
use percent_encoding::percent_decode_str;

use super::variable::{
    OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS, OTEL_EXPORTER_OTLP_PROTOCOL,
    OTEL_EXPORTER_OTLP_TIMEOUT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_HEADERS,
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL, OTEL_EXPORTER_OTLP_TRACES_TIMEOUT, OTEL_RESOURCE_ATTRIBUTES,
    OTEL_SDK_DISABLED, OTEL_SERVICE_NAME, OTEL_TRACES_ENABLED, OTEL_TRACES_EXPORTER, OTEL_TRACES_SAMPLER,
    OTEL_TRACES_SAMPLER_ARG, SERVICE_NAME, Variable,
};
use super::{ConfigError, Source};

/// The resource attribute with the service's name.
const NAME_ATTRIBUTE: &str = "service.name";

/// Where traces go, and which.
#[derive(Debug, Clone)]
pub struct TracesConfig {
    /// What the collector speaks.
    pub protocol: OtlpProtocol,
    /// Where it is: over HTTP the whole URL that traces are posted to.
    pub endpoint: Uri,
    /// The name of the variable that says so.
    pub endpoint_variable: &'static str,
    /// What is sent with them. `Debug` shows no values.
    pub headers: HeaderMap,
    /// How long the collector may take.
    pub timeout: Duration,
    /// Which traces are exported.
    pub sampler: Sampler,
    /// What they say of this process.
    pub attributes: Vec<(String, String)>,
}

/// The two protocols of OTLP that are spoken here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtlpProtocol {
    /// gRPC, usually on port 4317.
    Grpc,
    /// Protocol buffers over HTTP/1.1, usually on port 4318.
    Http,
}

impl OtlpProtocol {
    /// Its name in `OTEL_EXPORTER_OTLP_PROTOCOL`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::Http => "http/protobuf",
        }
    }

    /// The one that it is not.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Grpc => Self::Http,
            Self::Http => Self::Grpc,
        }
    }

    /// Where a collector listens if nobody says otherwise.
    fn default_endpoint(self) -> Uri {
        match self {
            Self::Grpc => Uri::from_static("http://localhost:4317"),
            Self::Http => Uri::from_static("http://localhost:4318/v1/traces"),
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Grpc, Self::Http]
            .into_iter()
            .find(|it| it.as_str() == name)
    }
}

impl Source {
    /// What logs and traces call the process, if anybody has said so.
    pub(super) fn service_name(&self) -> Result<Option<String>, ConfigError> {
        let name = |name: &str| (name.len() <= 255).then(|| name.to_owned());
        let (standard, former) = (
            self.optional(&OTEL_SERVICE_NAME, name)?,
            self.optional(&SERVICE_NAME, name)?,
        );
        let attributes = self.optional(&OTEL_RESOURCE_ATTRIBUTES, pairs)?;
        let mut attributes = attributes.into_iter().flatten();
        let attribute = attributes.find_map(|(key, value)| (key == NAME_ATTRIBUTE).then_some(value));
        Ok(standard.or(attribute).or(former))
    }

    /// Where traces go; `None` if they are not exported. The values are checked either way.
    pub(super) fn traces(&self) -> Result<Option<TracesConfig>, ConfigError> {
        let disabled =
            self.checked(&OTEL_SDK_DISABLED, boolean)? | !self.checked(&OTEL_TRACES_ENABLED, boolean)?;
        let wanted = self.optional(&OTEL_TRACES_EXPORTER, |exporter| match exporter {
            "otlp" => Some(true),
            "none" => Some(false),
            _ => None,
        })?;
        let sampler = self.sampler()?;
        let attributes = self.optional(&OTEL_RESOURCE_ATTRIBUTES, pairs)?;
        let protocol = OtlpProtocol::from_name;
        let general = self.checked(&OTEL_EXPORTER_OTLP_PROTOCOL, protocol)?;
        let protocol = self
            .optional(&OTEL_EXPORTER_OTLP_TRACES_PROTOCOL, protocol)?
            .unwrap_or(general);
        let general = self.headers(&OTEL_EXPORTER_OTLP_HEADERS)?;
        let headers = self.headers(&OTEL_EXPORTER_OTLP_TRACES_HEADERS)?.or(general);
        let general = self.checked(&OTEL_EXPORTER_OTLP_TIMEOUT, milliseconds)?;
        let timeout = self
            .optional(&OTEL_EXPORTER_OTLP_TRACES_TIMEOUT, milliseconds)?
            .unwrap_or(general);
        let endpoint = self.endpoint(protocol, wanted == Some(true))?;
        let exported = !disabled && wanted != Some(false);
        Ok(endpoint
            .filter(|_| exported)
            .map(|(endpoint, endpoint_variable)| TracesConfig {
                protocol,
                endpoint,
                endpoint_variable,
                headers: headers.unwrap_or_default(),
                timeout,
                sampler,
                attributes: attributes.unwrap_or_default(),
            }))
    }

    /// The collector, and the variable that names it; without one, the default place of a collector that is `wanted`.
    fn endpoint(
        &self,
        protocol: OtlpProtocol,
        wanted: bool,
    ) -> Result<Option<(Uri, &'static str)>, ConfigError> {
        let (own, general) = (&OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, &OTEL_EXPORTER_OTLP_ENDPOINT);
        let exact = self.optional(own, url)?;
        let base = self.optional(general, |base| match protocol {
            OtlpProtocol::Grpc => url(base),
            OtlpProtocol::Http => url(&format!("{}/v1/traces", base.trim_end_matches('/'))),
        })?;
        let exact = exact.map(|endpoint| (endpoint, own.name));
        let base = base.map(|endpoint| (endpoint, general.name));
        let default = wanted.then(|| (protocol.default_endpoint(), general.name));
        Ok(exact.or(base).or(default))
    }

    fn sampler(&self) -> Result<Sampler, ConfigError> {
        let share = self.checked(&OTEL_TRACES_SAMPLER_ARG, |share| {
            share.parse().ok().filter(|share| (0.0..=1.0).contains(share))
        })?;
        self.checked(&OTEL_TRACES_SAMPLER, |name| {
            let (parent_based, root) = match name.strip_prefix("parentbased_") {
                Some(root) => (true, root),
                None => (false, name),
            };
            let root = match root {
                "always_on" => Sampler::AlwaysOn,
                "always_off" => Sampler::AlwaysOff,
                "traceidratio" => Sampler::TraceIdRatioBased(share),
                _ => return None,
            };
            Some(if parent_based {
                Sampler::ParentBased(Box::new(root))
            } else {
                root
            })
        })
    }

    /// The headers of a variable. What is wrong with them is not repeated: they hold keys.
    fn headers(&self, variable: &Variable) -> Result<Option<HeaderMap>, ConfigError> {
        let headers = self.text(variable).map(|text| {
            let pairs = pairs(&text)?.into_iter();
            pairs
                .map(|(name, value)| {
                    let mut value = HeaderValue::try_from(value).ok()?;
                    value.set_sensitive(true);
                    Some((HeaderName::try_from(name).ok()?, value))
                })
                .collect()
        });
        headers
            .map(|headers: Option<_>| headers.ok_or_else(|| ConfigError::invalid_secret(variable)))
            .transpose()
    }
}

fn boolean(text: &str) -> Option<bool> {
    text.to_ascii_lowercase().parse().ok()
}

fn milliseconds(text: &str) -> Option<Duration> {
    let milliseconds = text.parse().ok().filter(|number| (1..=600_000).contains(number));
    milliseconds.map(Duration::from_millis)
}

fn url(text: &str) -> Option<Uri> {
    let url: Uri = text.parse().ok()?;
    let usable =
        matches!(url.scheme_str(), Some("http" | "https")) && url.host().is_some_and(|host| !host.is_empty());
    usable.then_some(url)
}

/// `key=value,key=value`, with `%2C` for a comma in a value.
fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let entries = text.split(',').filter(|entry| !entry.trim().is_empty());
    entries
        .map(|entry| {
            let (key, value) = entry.split_once('=')?;
            let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
            let key = key.trim();
            (!key.is_empty()).then(|| (key.to_owned(), value.into_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests;
