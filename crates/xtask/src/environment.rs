//! Settings from the process environment, else from the `.env` file at the top of the workspace: the
//! same order in which the two binaries read them.

use std::collections::HashMap;
use std::path::Path;

use dev_services::directories;

use crate::error::Error;

/// Settings by name.
#[derive(Debug, Default)]
pub struct Environment {
    file: HashMap<String, String>,
    process: HashMap<String, String>,
}

impl Environment {
    /// Reads both.
    pub fn load() -> Result<Self, Error> {
        Self::with_file(&directories::workspace().join(".env"), std::env::vars().collect())
    }

    fn with_file(path: &Path, process: HashMap<String, String>) -> Result<Self, Error> {
        let file = if path.exists() {
            let text = std::fs::read(path).map_err(|source| Error::DotEnv(path.to_owned(), source))?;
            // Editors on Windows put a byte order mark before the first name.
            let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&text);
            let entries = dotenvy::from_read_iter(text).collect::<Result<_, _>>();
            entries.map_err(|error| Error::DotEnv(path.to_owned(), without_the_line(error)))?
        } else {
            HashMap::new()
        };
        Ok(Self { file, process })
    }

    /// The value of `name`, from the process or the file. An empty value counts as none.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.in_process(name).or_else(|| self.in_file(name))
    }

    /// The value of `name` in the process environment alone.
    pub fn in_process(&self, name: &str) -> Option<&str> {
        self.process
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The value of `name` in the file alone.
    pub fn in_file(&self, name: &str) -> Option<&str> {
        self.file
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The port number in `name`.
    pub fn port(&self, name: &'static str, default: u16) -> Result<u16, Error> {
        let Some(value) = self.get(name) else {
            return Ok(default);
        };
        match value.parse() {
            Ok(0) | Err(_) => Err(Error::PortNumber {
                variable: name,
                value: value.to_owned(),
            }),
            Ok(port) => Ok(port),
        }
    }
}

/// The crate's own message would print the line, and with it perhaps a password.
fn without_the_line(error: dotenvy::Error) -> std::io::Error {
    match error {
        dotenvy::Error::Io(error) => error,
        _ => std::io::Error::other("a line is not of the form NAME=value"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(file: &str, process: &[(&str, &str)]) -> Environment {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".env");
        std::fs::write(&path, file).unwrap();
        let process = process
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Environment::with_file(&path, process).unwrap()
    }

    #[test]
    fn the_process_wins_over_the_file_and_empty_is_unset() {
        let environment = environment("PORT=4000\nHOST=h\nEMPTY=\n", &[("PORT", "5000"), ("HOST", "")]);
        assert_eq!(environment.get("PORT"), Some("5000"));
        assert_eq!(environment.get("HOST"), Some("h"));
        assert_eq!(environment.get("EMPTY"), None);
        assert_eq!(environment.port("PORT", 1).unwrap(), 5000);
        assert_eq!(environment.port("WORKER_PORT", 3006).unwrap(), 3006);
    }

    #[test]
    fn a_file_from_windows_is_read_and_a_bad_line_is_not_repeated() {
        let environment = environment("\u{feff}PORT=4000\r\nHOST=h\r\n", &[]);
        assert_eq!(environment.get("PORT"), Some("4000"));
        assert_eq!(environment.get("HOST"), Some("h"));
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".env");
        std::fs::write(&path, "PASSWORD s3cret\n").unwrap();
        let error = Environment::with_file(&path, HashMap::new()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
    }

    #[test]
    fn a_port_that_is_none_is_named() {
        let message = environment("PORT=http\n", &[])
            .port("PORT", 1)
            .unwrap_err()
            .to_string();
        assert_eq!(message, "PORT must be a port number (1 to 65535), got `http`");
    }
}
