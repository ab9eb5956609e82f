//! Which broker and which exchange, from the command line, the environment or the running `up`.

use dev_services::url::SecretUrl;

use super::sender::Sender;
use crate::environment::Environment;
use crate::error::Error;
use crate::running::Running;

const DEFAULT_URL: &str = "amqp://guest:guest@localhost:5672";
const DEFAULT_EXCHANGE: &str = "care-for-all";

/// Where events are published.
#[derive(Debug, clap::Args)]
pub struct Target {
    /// The broker
    #[arg(long, value_name = "AMQP_URL")]
    url: Option<String>,
    /// The topic exchange
    #[arg(long, value_name = "NAME")]
    exchange: Option<String>,
}

impl Target {
    /// Connects, and says where.
    pub async fn connect(&self, environment: &Environment) -> Result<Sender, Error> {
        let up = || Running::find().map(|up| up.rabbitmq_url);
        let url = broker_url(self.url.as_deref(), environment, up);
        let exchange = self
            .exchange
            .as_deref()
            .or(environment.get("RABBITMQ_EXCHANGE"))
            .unwrap_or(DEFAULT_EXCHANGE);
        let sender = Sender::connect(&url, exchange).await?;
        let shown = SecretUrl::from(url.as_str());
        println!("Publishing to exchange `{exchange}` at {shown}");
        Ok(sender)
    }
}

/// The first of: option, process environment, running `up`, `.env`, default.
fn broker_url(
    option: Option<&str>,
    environment: &Environment,
    up: impl FnOnce() -> Option<String>,
) -> String {
    let explicit = option
        .or(environment.in_process("RABBITMQ_URL"))
        .map(str::to_owned);
    explicit
        .or_else(up)
        .or_else(|| environment.in_file("RABBITMQ_URL").map(str::to_owned))
        .unwrap_or_else(|| DEFAULT_URL.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_any_setting_the_broker_is_the_running_ups_or_the_default() {
        let environment = Environment::default();
        let up = || Some("amqp://up".to_owned());
        assert_eq!(broker_url(Some("amqp://given"), &environment, up), "amqp://given");
        assert_eq!(broker_url(None, &environment, up), "amqp://up");
        assert_eq!(broker_url(None, &environment, || None), DEFAULT_URL);
    }
}
