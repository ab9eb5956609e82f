//! Checks that a request names the host that it is for.

use hyper::header::HOST;
use hyper::http::uri::Authority;
use hyper::{Request, Version};

/// Returns true if a request names its host as RFC 9112, section 3.2, demands: in one `Host` header, which only HTTP/1.0
/// may leave out. HTTP/2 has `:authority` in its place (RFC 9113, section 8.3.1), and if both are there they are the same. If
/// there were two hosts, a proxy that reads the other one could be led to cache an answer for the wrong site.
pub fn names_its_host<B>(request: &Request<B>) -> bool {
    let mut hosts = request.headers().get_all(HOST).iter();
    let is_http2 = request.version() >= Version::HTTP_2;
    let authority = request
        .uri()
        .authority()
        .filter(|_| is_http2)
        .map(Authority::as_str);
    match (hosts.next(), hosts.next(), authority) {
        (Some(host), None, None) => is_host(host.as_bytes()),
        (Some(host), None, Some(authority)) => {
            is_host(host.as_bytes()) && host.as_bytes().eq_ignore_ascii_case(authority.as_bytes())
        }
        (None, _, Some(authority)) => is_host(authority.as_bytes()),
        (None, _, None) => request.version() < Version::HTTP_11,
        (Some(_), Some(_), _) => false,
    }
}

fn is_host(text: &[u8]) -> bool {
    text.iter().all(|byte| is_of_a_host(*byte))
}

/// Returns true for the characters of `uri-host [ ":" port ]` (RFC 3986, section 3.2.2).
fn is_of_a_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:[]".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_named_once() {
        for (version, hosts, expected) in [
            (Version::HTTP_11, &["totals"][..], true),
            (Version::HTTP_11, &["totals.example:3005"], true),
            (Version::HTTP_11, &["[::1]:3005"], true),
            (Version::HTTP_11, &[""], true),
            (Version::HTTP_11, &[], false),
            (Version::HTTP_11, &["a", "b"], false),
            (Version::HTTP_11, &["a", "a"], false),
            (Version::HTTP_11, &["a b"], false),
            (Version::HTTP_11, &["ada@a"], false),
            (Version::HTTP_11, &["a/b"], false),
            (Version::HTTP_10, &[], true),
            (Version::HTTP_10, &["a", "b"], false),
        ] {
            let request = hosts
                .iter()
                .fold(Request::get("/").version(version), |request, host| {
                    request.header(HOST, *host)
                });
            assert_eq!(
                names_its_host(&request.body(()).unwrap()),
                expected,
                "{version:?} {hosts:?}"
            );
        }
    }

    #[test]
    fn http2_names_its_host_beside_the_path_or_in_the_header() {
        for (uri, hosts, expected) in [
            ("http://totals/", &[][..], true),
            ("http://totals:3005/", &["totals:3005"], true),
            ("http://totals/", &["Totals"], true),
            ("/", &["totals"], true),
            ("/", &[], false),
            ("http://totals/", &["others"], false),
            ("http://totals/", &["totals", "totals"], false),
            ("http://ada@totals/", &[], false),
        ] {
            let request = Request::get(uri).version(Version::HTTP_2);
            let request = hosts
                .iter()
                .fold(request, |request, host| request.header(HOST, *host));
            assert_eq!(
                names_its_host(&request.body(()).unwrap()),
                expected,
                "{uri} {hosts:?}"
            );
        }
    }
}
