//! The configuration of the API.

use std::time::Duration;

use totals_core::domain::Currency;
use totals_core::runtime::config::{
    ConfigError, DATABASE_READS, DONATION_FEED, DatabaseConfig, HttpConfig, MAX_STREAMS, METRICS_PORT, PORT,
    STREAM_LIFETIME, Source, TelemetryConfig,
};

use crate::error::ApiError;

/// The configuration of `totals-api`.
#[derive(Debug, Clone)]
pub struct ApiConfig {
    /// Where it listens: `HOST` and `PORT`.
    pub http: HttpConfig,
    /// Where its metrics are: `HOST` and `METRICS_PORT`.
    pub metrics: HttpConfig,
    /// Where it reads.
    pub database: DatabaseConfig,
    /// `CURRENCY`.
    pub currency: Currency,
    /// What it may use.
    pub bounds: Bounds,
    /// `STREAM_LIFETIME`.
    pub stream_lifetime: Duration,
    /// `DONATION_FEED`.
    pub donation_feed: DonationFeed,
    /// Logs and traces.
    pub telemetry: TelemetryConfig,
}

/// What the API may use of memory and of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// `MAX_STREAMS`.
    pub streams: usize,
    /// `DATABASE_READS`.
    pub database_reads: usize,
}

impl ApiConfig {
    /// Reads all sections.
    ///
    /// # Errors
    /// [`ConfigError`] for the first variable whose value is not allowed.
    pub fn read(source: &Source) -> Result<Self, ConfigError> {
        Ok(Self {
            http: source.http(&PORT)?,
            metrics: source.http(&METRICS_PORT)?,
            database: source.database()?,
            currency: source.currency()?,
            bounds: Bounds {
                streams: source.number(&MAX_STREAMS, 1, 1_000_000)?,
                database_reads: source.number(&DATABASE_READS, 1, 1000)?,
            },
            stream_lifetime: Duration::from_secs(source.number(&STREAM_LIFETIME, 1, 86_400)?),
            donation_feed: source.checked(&DONATION_FEED, DonationFeed::from_name)?,
            telemetry: source.telemetry()?,
        })
    }
}

/// What the API shows of single donations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DonationFeed {
    /// Nothing.
    Off,
    /// Amounts and times.
    Amounts,
    /// Also the names of donors who show them.
    Names,
}

impl DonationFeed {
    fn from_name(name: &str) -> Option<Self> {
        match name.trim().to_ascii_lowercase().as_str() {
            "off" => Some(Self::Off),
            "amounts" => Some(Self::Amounts),
            "names" => Some(Self::Names),
            _ => None,
        }
    }

    /// Returns true if names may be shown.
    ///
    /// # Errors
    /// [`ApiError::FeedIsOff`] if nothing may be.
    pub fn shows_names(self) -> Result<bool, ApiError> {
        match self {
            Self::Off => Err(ApiError::FeedIsOff),
            Self::Amounts => Ok(false),
            Self::Names => Ok(true),
        }
    }
}
