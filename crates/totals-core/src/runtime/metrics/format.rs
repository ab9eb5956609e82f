//! The two text formats of Prometheus, and which of them a scraper wants.

use axum::http::{HeaderMap, header};

/// The type of OpenMetrics.
pub const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The type of the older format.
pub const CLASSIC: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Returns true if `Accept` names OpenMetrics, and prefers no older text to it.
pub fn wants_openmetrics(request: &HeaderMap) -> bool {
    let openmetrics = quality(request, &["application/openmetrics-text"]);
    openmetrics > 0.0 && openmetrics >= quality(request, &["text/plain", "text/*"])
}

/// The highest quality that `Accept` gives to any of these types; 0 if it names none of them.
fn quality(request: &HeaderMap, types: &[&str]) -> f32 {
    let headers = request.get_all(header::ACCEPT).iter();
    let ranges = headers
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let qualities = ranges.filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next()?;
        let named = types.iter().any(|other| other.eq_ignore_ascii_case(name));
        let quality = parts.find_map(|part| part.strip_prefix("q="));
        named.then(|| quality.map_or(1.0, |quality| quality.parse().unwrap_or(0.0)))
    });
    qualities.fold(0.0, f32::max)
}

/// The same metrics in the older format. It names a family as its lines are named, and knows neither information nor units.
pub fn classic(openmetrics: &str) -> String {
    let mut text = String::with_capacity(openmetrics.len());
    let mut put = |line: &[&str]| {
        text.extend(line.iter().copied());
        text.push('\n');
    };
    let mut help = "";
    for line in openmetrics.lines() {
        if let Some(found) = line.strip_prefix("# HELP ") {
            help = found.split_once(' ').map_or("", |(_, help)| help);
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' '))
        {
            let (suffix, kind) = match kind {
                "counter" => ("_total", "counter"),
                "info" => ("_info", "gauge"),
                "unknown" => ("", "untyped"),
                other => ("", other),
            };
            put(&["# HELP ", name, suffix, " ", help]);
            put(&["# TYPE ", name, suffix, " ", kind]);
        } else if !line.starts_with("# ") {
            put(&[line]);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks_openmetrics(accept: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, accept.parse().unwrap());
        wants_openmetrics(&headers)
    }

    #[test]
    fn prometheus_gets_openmetrics_and_whoever_does_not_ask_for_it_the_older_format() {
        // As Prometheus 2.53 and 3 send it.
        for accept in [
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
             text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;\
             version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            "APPLICATION/OpenMetrics-Text",
        ] {
            assert!(asks_openmetrics(accept), "{accept}");
        }
        for accept in [
            "text/plain",
            "*/*",
            "application/json",
            "application/openmetrics-text;q=0",
            "application/openmetrics-text;q=0.2, text/plain;q=0.3",
            "application/openmetrics-text;q=much",
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        ] {
            assert!(!asks_openmetrics(accept), "{accept}");
        }
        assert!(!wants_openmetrics(&HeaderMap::new()));
    }

    #[test]
    fn the_older_format_names_families_as_their_lines() {
        let openmetrics = "# HELP a_seconds Time spent.\n# TYPE a_seconds counter\n# UNIT a_seconds seconds\n\
                           a_seconds_total 1.5\n# HELP b Built.\n# TYPE b info\nb_info{version=\"1\"} 1\n\
                           # HELP c Waiting.\n# TYPE c gauge\nc 3\n# EOF\n";
        assert_eq!(
            classic(openmetrics),
            "# HELP a_seconds_total Time spent.\n# TYPE a_seconds_total counter\na_seconds_total 1.5\n\
             # HELP b_info Built.\n# TYPE b_info gauge\nb_info{version=\"1\"} 1\n\
             # HELP c Waiting.\n# TYPE c gauge\nc 3\n"
        );
    }
}
