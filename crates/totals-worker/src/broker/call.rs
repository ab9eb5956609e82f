//! One call to the broker, bounded in time, and its failure in words that name the remedy.
//!
//! A peer that accepts a connection and stays silent would hang a call for ever.

use std::time::Duration;

use lapin::ErrorKind;

/// How long the broker may take to answer one call.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Names the call that opens a connection.
pub const CONNECTING: &str = "connecting";

/// AMQP reply code: there is no such queue or exchange.
const NOT_FOUND: u16 = 404;
/// AMQP reply code: a declaration contradicts what exists.
const PRECONDITION_FAILED: u16 = 406;
/// AMQP reply code: wrong credentials or rights.
const ACCESS_REFUSED: u16 = 403;
/// AMQP reply code: no such virtual host, or no access to it.
const NOT_ALLOWED: u16 = 530;

/// A call to the broker that failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum BrokerError {
    /// No answer in time.
    #[error("RabbitMQ did not answer {doing} within {} s", CALL_TIMEOUT.as_secs())]
    Silent {
        /// What was asked of it.
        doing: &'static str,
    },
    /// An answer that means no, or no connection.
    #[error("RabbitMQ: {doing} failed: {problem}{advice}")]
    Failed {
        /// What was asked of it.
        doing: &'static str,
        /// The AMQP reply code, if it answered.
        code: Option<u16>,
        /// The broker's or the system's own words.
        problem: String,
        /// What the operator can do about it.
        advice: &'static str,
    },
    /// The broker has no such queue to route a message to.
    #[error("RabbitMQ returned a message for queue {queue}: the queue is missing")]
    Unroutable {
        /// The queue.
        queue: String,
    },
    /// The broker has the queue and does not take a message for it.
    #[error(
        "RabbitMQ refuses messages for queue {queue}: take messages out of it, or lift its limits (max-length, \
         max-length-bytes)"
    )]
    Refused {
        /// The queue.
        queue: String,
    },
    /// The queue is a stream.
    #[error(
        "queue {queue} is a stream, whose messages no acknowledgement removes: what is published while no worker runs would \
         never be counted; set RABBITMQ_QUEUE to another name, or delete the stream"
    )]
    Stream {
        /// The queue.
        queue: String,
    },
}

impl BrokerError {
    /// Returns true if something exists with other properties than were declared.
    pub fn is_precondition_failed(&self) -> bool {
        matches!(
            self,
            Self::Failed {
                code: Some(PRECONDITION_FAILED),
                ..
            }
        )
    }

    /// Returns true if a queue was declared as one of another type, and is a stream.
    pub fn names_a_stream(&self) -> bool {
        // The broker has no other way to tell the type of a queue.
        matches!(self, Self::Failed { problem, .. } if problem.contains("x-queue-type") && problem.contains("'stream'"))
    }

    /// Returns true if there is no such queue or exchange.
    pub fn is_not_found(&self) -> bool {
        matches!(
            self,
            Self::Failed {
                code: Some(NOT_FOUND),
                ..
            }
        )
    }

    /// Returns true if the broker was asked and said no. It will say so again until somebody changes the worker's rights,
    /// or what the broker has.
    pub fn is_denied(&self) -> bool {
        const DENIED: [u16; 4] = [ACCESS_REFUSED, NOT_FOUND, PRECONDITION_FAILED, NOT_ALLOWED];
        matches!(self, Self::Failed { code: Some(code), .. } if DENIED.contains(code))
    }

    /// Returns true if there was no connection to ask over.
    pub fn is_away(&self) -> bool {
        match self {
            Self::Failed { code, .. } => code.is_none(),
            Self::Silent { doing } => *doing == CONNECTING,
            Self::Unroutable { .. } | Self::Refused { .. } | Self::Stream { .. } => false,
        }
    }

    /// Returns true if the broker is there and does not take the message.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Unroutable { .. } | Self::Refused { .. })
    }

    fn new(doing: &'static str, error: &lapin::Error) -> Self {
        let (code, problem) = match error.kind() {
            ErrorKind::ProtocolError(answer) => (Some(answer.get_id()), answer.get_message().to_string()),
            ErrorKind::IOError(error) => (None, error.to_string()),
            _ => (None, error.to_string()),
        };
        let advice = match (code, error.kind()) {
            (Some(ACCESS_REFUSED), _) => "; check user, password and rights in RABBITMQ_URL",
            (Some(NOT_ALLOWED), _) => "; check the virtual host in RABBITMQ_URL",
            (Some(PRECONDITION_FAILED), _) if problem.contains("larger than") => {
                "; raise its max_message_size"
            }
            (None, ErrorKind::IOError(_)) => "; check that RabbitMQ runs, and RABBITMQ_URL",
            _ => "",
        };
        Self::Failed {
            doing,
            code,
            problem,
            advice,
        }
    }
}

/// Awaits one call to the broker, but not for ever.
pub async fn call<T>(
    doing: &'static str,
    answer: impl Future<Output = lapin::Result<T>>,
) -> Result<T, BrokerError> {
    match tokio::time::timeout(CALL_TIMEOUT, answer).await {
        Err(_elapsed) => Err(BrokerError::Silent { doing }),
        Ok(answer) => answer.map_err(|error| BrokerError::new(doing, &error)),
    }
}

/// Awaits one call to the broker for as long as the connection lasts. The answer may be behind deliveries that the worker
/// does not read, because it has too much in hand. Heartbeats tell whether the broker is still there.
pub async fn call_behind_deliveries<T>(
    doing: &'static str,
    answer: impl Future<Output = lapin::Result<T>>,
) -> Result<T, BrokerError> {
    answer.await.map_err(|error| BrokerError::new(doing, &error))
}
