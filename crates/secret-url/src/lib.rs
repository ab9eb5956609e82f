//! Connection strings that never show their credentials: the one printer of URLs, for the service and for the
//! development tools alike. It is a crate of its own because the tools must not build the service's library.
//!
//! It parses nothing. A parser is right about well-formed URLs, and those that are printed are often not: a password
//! that was not escaped may hold `@`, `/`, `?` or `,`. So only text that cannot belong to the credentials is shown.

use std::fmt;

/// A URL that may hold credentials; what is printed of it shows `***` in their place, and in that of its options.
///
/// Of several URLs with commas between, what is in front of the last `@` is hidden as a whole.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretUrl(String);

impl SecretUrl {
    /// The URL with its credentials.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns true if an `@` stands behind the hosts: in the path, the options or the fragment.
    ///
    /// A parser may then have taken part of a password for a host (`user` and the port 12 in `amqp://user:12/ss@host`), and
    /// to show that host is to show the password. Refuse such a URL; the `@` may be written `%40`.
    pub fn is_ambiguous(&self) -> bool {
        let (_, rest) = split_scheme(&self.0);
        let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        rest[end..].contains('@')
    }
}

impl From<&str> for SecretUrl {
    fn from(url: &str) -> Self {
        Self(url.to_owned())
    }
}

impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) = split_scheme(&self.0);
        let (hidden, shown) = match rest.rsplit_once('@') {
            Some((secret, _)) if may_end_within_an_option(secret) => ("***", ""),
            Some((_, shown)) => ("***@", shown),
            None if scheme.is_empty() || names_hosts(rest) => ("", rest),
            None => ("***", ""),
        };
        // Options may hold secrets too (AUTHMECHANISMPROPERTIES, key file passwords).
        let options = if rest.contains('?') { "?***" } else { "" };
        let shown = shown.split('?').next().unwrap_or_default();
        write!(f, "{scheme}{hidden}{shown}{options}")
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The scheme with its `://`, if the text begins with one, and the rest. A scheme has no colon, so no part of
/// `user:pass://word@host` is one.
fn split_scheme(url: &str) -> (&str, &str) {
    let end = url.find("://").unwrap_or(0);
    let of_scheme = |character: char| character.is_ascii_alphanumeric() || "+-.".contains(character);
    if end > 0 && url[..end].chars().all(of_scheme) {
        url.split_at(end + "://".len())
    } else {
        ("", url)
    }
}

/// Returns true if the `@` behind this text may stand in an option's value, so that a secret may follow it.
fn may_end_within_an_option(text: &str) -> bool {
    let options = text.split_once('?').map(|(_, options)| options);
    options.is_some_and(|options| options.contains('='))
}

/// Returns true if a URL's rest that has no `@` begins with hosts. `ada:secret` does not: an `@` and the host are
/// missing, since no port is called so.
fn names_hosts(rest: &str) -> bool {
    let hosts = rest.split(['/', '?']).next().unwrap_or_default();
    hosts.split(',').all(|host| {
        let behind_address = host.rsplit_once(']').map_or(host, |(_, port)| port);
        let port = behind_address.split_once(':').map_or("", |(_, port)| port);
        port.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_secret_is_shown() {
        for (url, shown) in [
            (
                "mongodb://ada:secret@db:27017/t?tls=true",
                "mongodb://***@db:27017/t?***",
            ),
            ("mongodb://ada:se/cr@et@db/t", "mongodb://***@db/t"),
            ("mongodb://ada:secret?secret@db/t", "mongodb://***@db/t?***"),
            ("mongodb+srv://ada@db", "mongodb+srv://***@db"),
            ("amqp://localhost", "amqp://localhost"),
            ("amqp://[::1]:5672/v", "amqp://[::1]:5672/v"),
            ("mongodb://a:1,b:2/t?w=1", "mongodb://a:1,b:2/t?***"),
            ("amqp://u:p@a,amqps://u:p,q@b:1/v", "amqp://***@b:1/v"),
            ("ada:secret@db", "***@db"),
            ("ada:se://cret@db", "***@db"),
            ("mongodb://ada:secret", "mongodb://***"),
            ("info:debug", "info:debug"),
            ("mongodb://db/t?password=a@b", "mongodb://***?***"),
        ] {
            let url = SecretUrl::from(url);
            assert_eq!(
                (url.to_string(), format!("{url:?}")),
                (shown.to_owned(), shown.to_owned())
            );
        }
    }

    #[test]
    fn a_host_that_may_be_part_of_a_password_is_noticed() {
        for url in [
            "amqp://user:12/ss@host",
            "amqp://user:12?ss@host",
            "amqp://user:12#ss@host",
            "amqp://user:p@12/ss@host",
            "mongodb://user:12/?s=s@host/t",
        ] {
            assert!(SecretUrl::from(url).is_ambiguous(), "{url}");
            let shown = SecretUrl::from(url).to_string();
            assert!(!shown.contains("12") && !shown.contains("user"), "{shown}");
        }
        for url in [
            "amqp://u:p@host/v",
            "amqp://u:p@q@host",
            "amqp://host/v%401",
            "u:p@host",
        ] {
            assert!(!SecretUrl::from(url).is_ambiguous(), "{url}");
        }
    }

    proptest! {
        /// Whatever the credentials and the options are, one of these few texts is printed: none depends on them.
        #[test]
        fn what_is_shown_does_not_depend_on_what_is_secret(
            user in any::<String>(),
            password in "[a-z@/?=:,#%]{0,12}|\\PC*",
            option in prop::option::of("[a-z@/?=:,#%]{0,12}|\\PC*"),
        ) {
            let options = option.map(|value| format!("?key={value}")).unwrap_or_default();
            let url = format!("mongodb://{user}:{password}@db:27017/t{options}");
            let allowed = ["", "?***"].map(|options| {
                [format!("mongodb://***@db:27017/t{options}"), format!("mongodb://***{options}")]
            });
            let shown = SecretUrl::from(url.as_str()).to_string();
            prop_assert!(allowed.as_flattened().contains(&shown), "{url}: {shown}");
        }
    }
}
