//! `cargo xtask demo`: a believable evening of donations, played into a running service.
//!
//! It publishes as the platform's services do, to RabbitMQ and with confirms, so that everything behind it is the real thing.
//! What happens is a function of the seed alone ([`evening`]); the rate only says how fast.

mod campaigns;
mod donor;
mod evening;
mod happening;
mod zipf;

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use iso_currency::Currency;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::time::{Instant, sleep, sleep_until};

use crate::environment::Environment;
use crate::error::Error;
use crate::http;
use crate::publish::Target;
use crate::publish::event::SampleEvent;
use crate::publish::sender::Sender;
use crate::running::Running;
use evening::Evening;
use happening::{Happening, Units};

/// How long an API that has just been started may need until it can tell what is raised.
const ANSWERS_WITHIN: Duration = Duration::from_secs(20);

const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// How many days after the demo the campaigns end, each in its turn.
const ENDS_AFTER_DAYS: [i64; 7] = [12, 1, 40, 21, 6, 75, 3];

/// Play a believable evening of donations into a running service
///
/// Publishes 18 campaigns and what they raised in the weeks before, and then donations, refunds and an appeal on television that
/// passes its goal, all made up. Open the page whose address it prints, and watch. Ctrl-C ends it at any time.
///
/// All of it follows from the seed, the events' ids as well: the same seed once more publishes duplicates, which change
/// nothing until the evening lasts longer than before. Without a seed each run is another evening.
///
/// The service is that of `cargo xtask up`, or one whose API is at PORT of this machine. The broker is found as by
/// `cargo xtask publish`. Never point it at a service whose numbers matter.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
    cargo xtask demo
    cargo xtask demo --seed 7 --rate 20 --minutes 3
    cargo xtask demo --rate 300")]
pub struct Args {
    /// Which evening
    #[arg(long)]
    seed: Option<u32>,
    /// Donations a second, on average; six times as many during the appeal
    #[arg(long, value_name = "N", default_value_t = 2.0, value_parser = within(0.01, 5000.0))]
    rate: f64,
    /// How long it lasts
    #[arg(long, value_name = "M", default_value_t = 15.0, value_parser = within(0.01, 1440.0))]
    minutes: f64,
    #[command(flatten)]
    target: Target,
}

/// Reads a number from `least` to `most`.
fn within(least: f64, most: f64) -> impl Fn(&str) -> Result<f64, String> + Clone + Send + Sync + 'static {
    move |text| {
        let number = text.parse().ok().filter(|number| (least..=most).contains(number));
        number.ok_or_else(|| format!("must be a number from {least} to {most}"))
    }
}

pub async fn run(args: &Args) -> Result<(), Error> {
    let environment = Environment::load()?;
    let port = match Running::find().and_then(|up| up.api_port()) {
        Some(port) if environment.in_process("PORT").is_none() => port,
        _ => environment.port("PORT", 3005)?,
    };
    let currency = currency(port).await?;
    let units = Units {
        whole: currency.exponent() == Some(0),
    };
    let sender = args.target.connect(&environment).await?;
    let seed = args.seed.unwrap_or_else(rand::random);
    let now = OffsetDateTime::now_utc();
    let midnight = now.replace_time(time::Time::MIDNIGHT);
    let ends = |place: usize| {
        let days = ENDS_AFTER_DAYS[place % ENDS_AFTER_DAYS.len()];
        text(midnight + time::Duration::days(days))
    };
    let (before, evening) = Evening::new(seed.into(), &now.date().to_string(), ends, units);

    println!(
        "\n  Open  http://localhost:{port}/\n\n  Seed {seed}: `cargo xtask demo --seed {seed}` publishes the same events again, \
         which count once.\n  Ctrl-C ends it."
    );
    let evening = play(&sender, before, evening, args);
    let played = tokio::select! {
        played = evening => played,
        // What is on its way is confirmed or not; either way its event is whole, and a run with the same seed repeats it.
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(Error::Signals),
    };
    sender.close().await;
    if played.is_ok() {
        println!("\n  The demo is over; its campaigns are still at http://localhost:{port}/");
    }
    played
}

/// Publishes what was before at once, and then each event of the evening at its time.
async fn play(sender: &Sender, before: Vec<Happening>, evening: Evening, args: &Args) -> Result<(), Error> {
    publish(sender, &before).await?;
    let bar = ProgressBar::new_spinner();
    bar.set_style(
        ProgressStyle::with_template("  {elapsed_precise}  {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner()),
    );
    let started = Instant::now();
    let end = started + Duration::from_secs_f64(args.minutes * 60.0);
    let (mut due, mut events, mut raised) = (started, 0_usize, 0_i64);
    let mut ready = Vec::new();
    for happening in evening {
        due += Duration::from_secs_f64(happening.pause / args.rate);
        // Those that are due already go out together, so that a high rate does not wait for each confirm.
        if due > Instant::now() && !ready.is_empty() {
            publish(sender, &ready).await?;
            ready.clear();
            bar.set_message(format!(
                "{events} events, {}.{:02} raised tonight",
                raised / 100,
                raised % 100
            ));
        }
        if due > end {
            break;
        }
        sleep_until(due).await;
        events += 1;
        raised += happening.amount;
        ready.push(happening);
    }
    bar.finish();
    publish(sender, &ready).await
}

/// Publishes these, and returns when the broker has confirmed all of them.
async fn publish(sender: &Sender, happenings: &[Happening]) -> Result<(), Error> {
    let now = OffsetDateTime::now_utc();
    let bodies: Vec<_> = happenings
        .iter()
        .map(|happening| happening.body(&text(now - happening.ago)))
        .collect();
    let messages: Vec<_> = happenings
        .iter()
        .zip(&bodies)
        .map(|(happening, body)| SampleEvent {
            routing_key: happening.key.to_owned(),
            message_id: Some(happening.event_id.clone()),
            body,
        })
        .collect();
    sender
        .publish(&messages.iter().collect::<Vec<_>>(), None, |_| {})
        .await?;
    Ok(())
}

fn text(moment: OffsetDateTime) -> String {
    // Cannot fail: the years of today have four digits.
    moment.format(&Rfc3339).unwrap_or_default()
}

/// The currency of the service, once its API can tell what is raised.
async fn currency(port: u16) -> Result<Currency, Error> {
    let deadline = Instant::now() + ANSWERS_WITHIN;
    loop {
        let last = match http::get(port, "/api/totals").await {
            Ok((200, body)) => match currency_of(&body) {
                Some(currency) => return Ok(currency),
                None => format!("200 {body}"),
            },
            Ok((status, body)) => format!("{status} {body}"),
            // Nobody listens there, and nobody is about to.
            Err(error) => return Err(Error::NoService { port, source: error }),
        };
        if Instant::now() >= deadline {
            let url = format!("http://localhost:{port}/api/totals");
            return Err(Error::NotHealthy {
                url,
                waited: ANSWERS_WITHIN,
                last,
            });
        }
        sleep(POLL_INTERVAL).await;
    }
}

fn currency_of(body: &str) -> Option<Currency> {
    let body: serde_json::Value = serde_json::from_str(body).ok()?;
    Currency::from_code(body["data"]["currency"].as_str()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_currency_is_the_one_that_the_sum_is_in() {
        let body = r#"{"success":true,"data":{"totalAmount":0,"currency":"JPY"}}"#;
        assert_eq!(currency_of(body), Some(Currency::JPY));
        assert_eq!(currency_of("<html>"), None);
    }

    #[test]
    fn numbers_out_of_bounds_are_refused_with_the_bounds() {
        let rate = within(0.01, 5000.0);
        assert_eq!(rate("0.5"), Ok(0.5));
        for bad in ["0", "-1", "NaN", "many", "1e9"] {
            assert_eq!(
                rate(bad),
                Err("must be a number from 0.01 to 5000".to_owned()),
                "{bad}"
            );
        }
    }
}
