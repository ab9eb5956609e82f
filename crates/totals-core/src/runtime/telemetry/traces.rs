//! Traces on their way to the collector, over gRPC or over HTTP.

use std::collections::HashMap;

use opentelemetry::KeyValue;
use opentelemetry_otlp::tonic_types::metadata::MetadataMap;
use opentelemetry_otlp::tonic_types::transport::ClientTlsConfig;
use opentelemetry_otlp::{
    ExporterBuildError, SpanExporter, WithExportConfig, WithHttpConfig, WithTonicConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;

use super::reporting_exporter::ReportingExporter;
use crate::runtime::config::{OtlpProtocol, TracesConfig};

/// Links one span may carry: a batch span has one for each of its events.
const MAX_LINKS_PER_SPAN: u32 = 10_000;

/// Starts exporting. The gRPC client belongs to the runtime that this is called on.
pub fn provider(
    service_name: String,
    traces: &TracesConfig,
) -> Result<SdkTracerProvider, ExporterBuildError> {
    // Both exporters take the process's TLS provider. An error means that there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let attributes = traces.attributes.iter().cloned();
    let resource = Resource::builder()
        .with_attributes(attributes.map(|(key, value)| KeyValue::new(key, value)))
        .with_service_name(service_name)
        .build();
    Ok(SdkTracerProvider::builder()
        .with_resource(resource)
        .with_sampler(traces.sampler.clone())
        .with_max_links_per_span(MAX_LINKS_PER_SPAN)
        .with_batch_exporter(ReportingExporter::new(exporter(traces)?, traces))
        .build())
}

fn exporter(traces: &TracesConfig) -> Result<SpanExporter, ExporterBuildError> {
    let (builder, endpoint) = (SpanExporter::builder(), traces.endpoint.to_string());
    match traces.protocol {
        OtlpProtocol::Grpc => {
            let mut builder = builder
                .with_tonic()
                .with_endpoint(endpoint)
                .with_timeout(traces.timeout)
                .with_metadata(MetadataMap::from_headers(traces.headers.clone()));
            if traces.endpoint.scheme_str() == Some("https") {
                // The authorities that the machine trusts, as for HTTP.
                builder = builder.with_tls_config(ClientTlsConfig::new().with_enabled_roots());
            }
            builder.build()
        }
        OtlpProtocol::Http => {
            // The configuration has taken them from a text, so they are texts.
            let headers = traces.headers.iter().filter_map(|(name, value)| {
                Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
            });
            builder
                .with_http()
                .with_endpoint(endpoint)
                .with_timeout(traces.timeout)
                .with_headers(headers.collect::<HashMap<_, _>>())
                .build()
        }
    }
}
