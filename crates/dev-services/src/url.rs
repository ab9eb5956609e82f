//! Small edits of connection strings, for any URL a developer may have set.

pub use secret_url::SecretUrl;

/// The same MongoDB server and options with another database.
///
/// Credentials keep being checked against the database they were checked against.
pub fn with_database(url: &str, name: &str) -> String {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let hosts_start = base.find("://").map_or(0, |at| at + 3);
    let (server, database) = match base[hosts_start..].split_once('/') {
        Some((hosts, database)) => (&base[..hosts_start + hosts.len()], database),
        None => (base, ""),
    };
    let mut query = query.to_owned();
    if server[hosts_start..].contains('@') && !query.contains("authSource=") {
        let separator = if query.is_empty() { "" } else { "&" };
        let source = if database.is_empty() { "admin" } else { database };
        query = format!("{query}{separator}authSource={source}");
    }
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{server}/{name}{mark}{query}")
}

/// What begins another node's URL where a broker's are listed. Any other comma may be part of a password.
const NEXT_NODE: &str = ",amqp";

/// The URLs of a broker's nodes, of which `RABBITMQ_URL` may list several with commas between.
pub fn nodes(urls: &str) -> Vec<String> {
    let lines = urls.replace(", ", ",").replace(NEXT_NODE, "\namqp");
    lines.lines().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_database_keeps_hosts_options_and_authentication() {
        for (url, expected) in [
            ("mongodb://localhost:27017", "mongodb://localhost:27017/t1"),
            ("mongodb://localhost:27017/", "mongodb://localhost:27017/t1"),
            (
                "mongodb://a:1,b:2/db?replicaSet=rs0",
                "mongodb://a:1,b:2/t1?replicaSet=rs0",
            ),
            ("mongodb://a:1?w=1", "mongodb://a:1/t1?w=1"),
            ("mongodb://u:p@a/db", "mongodb://u:p@a/t1?authSource=db"),
            (
                "mongodb+srv://u:p@a/?w=1",
                "mongodb+srv://u:p@a/t1?w=1&authSource=admin",
            ),
            (
                "mongodb://u:p@a/db?authSource=x",
                "mongodb://u:p@a/t1?authSource=x",
            ),
        ] {
            assert_eq!(with_database(url, "t1"), expected, "{url}");
        }
    }

    #[test]
    fn a_comma_in_a_password_does_not_end_a_node() {
        assert_eq!(
            nodes("amqp://u:p,q@a:1, amqps://b,amqp://c/v"),
            ["amqp://u:p,q@a:1", "amqps://b", "amqp://c/v"]
        );
    }
}
