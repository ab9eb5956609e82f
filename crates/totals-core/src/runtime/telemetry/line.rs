//! Lines of the log that name the service and, within a span that is traced, the trace: so that logs and traces of many
//! services can be searched together.

use std::fmt;

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::runtime::config::LogFormat;

/// Formats a line and adds whose it is.
pub struct Identified<F> {
    inner: F,
    format: LogFormat,
    /// As JSON.
    service_name: String,
}

impl<F> Identified<F> {
    /// Adds to the lines of `inner`, which formats in `format`.
    pub fn new(inner: F, format: LogFormat, service_name: &str) -> Self {
        Self {
            inner,
            format,
            service_name: serde_json::Value::from(service_name).to_string(),
        }
    }
}

impl<S, N, F> FormatEvent<S, N> for Identified<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        self.inner.format_event(context, Writer::new(&mut line), event)?;
        let traced = Context::current();
        let span = traced.span().span_context().clone();
        let (trace_id, span_id) = (span.trace_id(), span.span_id());
        match self.format {
            LogFormat::Json => {
                let open = line.trim_end().strip_suffix('}').unwrap_or(&line);
                write!(writer, r#"{open},"service.name":{}"#, self.service_name)?;
                if span.is_valid() {
                    write!(writer, r#","trace_id":"{trace_id}","span_id":"{span_id}""#)?;
                }
                writer.write_str("}\n")
            }
            LogFormat::Pretty => {
                write!(writer, "{}", line.trim_end())?;
                if span.is_valid() {
                    let service = &self.service_name;
                    write!(
                        writer,
                        " service.name={service} trace_id={trace_id} span_id={span_id}"
                    )?;
                }
                writer.write_char('\n')
            }
        }
    }
}
