//! Checks that a request names the host that it is for.

use hyper::header::HOST;
use hyper::{Request, Version};

/// Returns true if a request names its host as RFC 9112, section 3.2, demands: in one `Host` header, which only HTTP/1.0
/// may leave out. If there were two, a proxy that reads the other one could be led to cache an answer for the wrong site.
pub fn names_its_host<B>(request: &Request<B>) -> bool {
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.as_bytes().iter().all(|byte| is_of_a_host(*byte)),
        (None, _) => request.version() < Version::HTTP_11,
        (Some(_), Some(_)) => false,
    }
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
}
