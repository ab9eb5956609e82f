//! Connection strings that never show their credentials.

use std::fmt;

/// A URL that may hold credentials; what is printed of it shows `***` in their place.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretUrl(String);

impl SecretUrl {
    /// The URL with its credentials.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for SecretUrl {
    fn from(url: &str) -> Self {
        Self(url.to_owned())
    }
}

impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Options may hold secrets too (AUTHMECHANISMPROPERTIES, key file passwords).
        let (address, options) = match self.0.split_once('?') {
            Some((address, _)) => (address, "?***"),
            None => (self.0.as_str(), ""),
        };
        let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
        let separator = if scheme.is_empty() { "" } else { "://" };
        match self.0.rsplit_once('@') {
            // The last `@` of the whole text: a password that was not escaped may hold `/`, `?` and `@` itself.
            Some((_, host)) => {
                let host = host.split_once('?').map_or(host, |(host, _)| host);
                write!(f, "{scheme}{separator}***@{host}{options}")
            }
            None => write!(f, "{scheme}{separator}{rest}{options}"),
        }
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_never_printed() {
        for (url, shown) in [
            (
                "mongodb://ada:secret@db:27017/t?tls=true",
                "mongodb://***@db:27017/t?***",
            ),
            ("mongodb://ada:se/cr@et@db/t", "mongodb://***@db/t"),
            ("mongodb://ada:secret?secret@db/t", "mongodb://***@db/t?***"),
            ("amqp://localhost", "amqp://localhost"),
            ("ada:secret@db", "***@db"),
        ] {
            let url = SecretUrl::from(url);
            assert_eq!(
                (url.to_string(), format!("{url:?}")),
                (shown.to_owned(), shown.to_owned())
            );
        }
    }
}
