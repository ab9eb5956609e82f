//! Following the totals' changes without missing one: a change stream that is opened again and again.
//!
//! A lost stream continues where it ended, from its resume token. Where MongoDB cannot do that (its oplog does not reach
//! back so far, the collection was dropped or renamed), the follower is told to begin again: what it knows from before
//! is worth nothing then.
//!
//! A stream that is silent looks like one that has died. So the server is asked to answer within [`AWAIT`] even when
//! nothing has changed, and each answer proves that nothing committed before the question is still missing: as long as
//! it comes from the primary, and is not so large that it was cut off. A follower that has not heard for a while knows
//! that it may be behind, whatever the reason. A stream that has not been heard for [`SILENCE`] is left to itself (its
//! connection may have died without a word; the driver would wait for a quarter of an hour) and another one begins.

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures::poll;
use mongodb::bson::{RawDocumentBuf, Timestamp, doc};
use mongodb::change_stream::ChangeStream;
use mongodb::change_stream::event::ResumeToken;
use mongodb::error::Error;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::runtime::backoff::Backoff;
use crate::store::client::{Store, primary};
use crate::store::error::StoreError;
use crate::store::read::changes::{self, Change};
use crate::store::read::cluster_time::ClusterTime;

/// How long the server may wait for a change before it answers that there is none.
const AWAIT: Duration = Duration::from_millis(200);

/// How long a stream may be silent: longer than an attempt to open one takes that fails.
const SILENCE: Duration = Duration::from_secs(10);

/// The size of the changes in one answer, in bytes, from which on it may be one that was cut off at 16 MB.
const LARGE: usize = 8 << 20;

/// The longest pause between attempts to open a lost stream again.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// The driver's mark on errors after which a stream can be resumed.
const RESUMABLE: &str = "ResumableChangeStreamError";

/// Who follows. Called from one task, in the order of the commits; must not block.
pub trait Follower: Send + Sync {
    /// Every change after `at` will come. Of changes before, some may never have come: what rests on an earlier moment
    /// than `at` is stale.
    fn begin(&self, at: ClusterTime);

    /// The next change.
    fn change(&self, change: Change);

    /// All that was committed before `moment` has come.
    fn current(&self, moment: Instant);

    /// Nothing comes until [`Follower::current`] is called again; why, is for the log.
    fn lost(&self, error: &StoreError);
}

/// How a stream has ended.
enum End {
    /// The next one can go on where it ended.
    Resume(StoreError, Option<ResumeToken>),
    /// It cannot.
    Begin(StoreError),
}

impl End {
    fn after(error: Error, position: Option<ResumeToken>) -> Self {
        let refused = crate::store::error::server_code(&error).is_some() && !error.contains_label(RESUMABLE);
        if refused {
            Self::Begin(error.into())
        } else {
            Self::Resume(error.into(), position)
        }
    }

    fn defect(summary: &str) -> Self {
        Self::Begin(StoreError::defect(summary.to_owned()))
    }
}

/// When one stream was last heard of. Once it is left to itself it has nothing to say any more.
struct Heard(Mutex<Hearing>);

struct Hearing {
    last: Instant,
    answered: bool,
    left: bool,
}

impl Heard {
    fn new() -> Self {
        Self(Mutex::new(Hearing {
            last: Instant::now(),
            answered: false,
            left: false,
        }))
    }

    /// Lets the stream speak; false if it was left.
    fn speaks(&self, words: impl FnOnce()) -> bool {
        let mut hearing = self.0.lock();
        if !hearing.left {
            (hearing.last, hearing.answered) = (Instant::now(), true);
            words();
        }
        !hearing.left
    }

    /// Whether it has ever spoken.
    fn answered(&self) -> bool {
        self.0.lock().answered
    }

    /// Waits until the stream has been silent for too long, and leaves it.
    async fn silence(&self) {
        loop {
            let end = {
                let mut hearing = self.0.lock();
                hearing.left = hearing.last.elapsed() >= SILENCE;
                if hearing.left {
                    return;
                }
                hearing.last + SILENCE
            };
            tokio::time::sleep_until(end).await;
        }
    }
}

impl Store {
    /// Follows the changes of all totals, for ever.
    pub async fn follow(&self, follower: Arc<impl Follower + 'static>) {
        let mut token = None;
        let mut pauses = Backoff::new(Duration::from_millis(20), LONGEST_PAUSE);
        loop {
            let heard = Arc::new(Heard::new());
            // A task, because it must not be dropped while it waits for the database; see the module `store`.
            let stream = self
                .clone()
                .follow_on(token.take(), follower.clone(), heard.clone());
            let end = tokio::select! {
                ended = tokio::spawn(stream) => ended.unwrap_or_else(|_| End::defect("following the changes has died")),
                () = heard.silence() => End::defect("MongoDB has not answered for a while"),
            };
            let error = match end {
                End::Resume(error, position) => {
                    token = position;
                    error
                }
                End::Begin(error) => error,
            };
            if heard.answered() {
                pauses.reset();
            }
            follower.lost(&error);
            tokio::time::sleep(pauses.next_delay()).await;
        }
    }

    /// Opens one stream and hands over what it yields, to its end.
    async fn follow_on(
        self,
        token: Option<ResumeToken>,
        follower: Arc<impl Follower>,
        heard: Arc<Heard>,
    ) -> End {
        match self.open_stream(token.clone(), &*follower, &heard).await {
            Err(error) => End::after(error, token),
            Ok(mut stream) => match hand_over(&mut stream, &*follower, &heard).await {
                Err(error) => End::after(error, stream.resume_token()),
                Ok(reason) => End::defect(&reason),
            },
        }
    }

    async fn open_stream(
        &self,
        token: Option<ResumeToken>,
        follower: &impl Follower,
        heard: &Heard,
    ) -> Result<ChangeStream<RawDocumentBuf>, Error> {
        let totals = self.campaign_totals::<RawDocumentBuf>();
        let watch = totals
            .watch()
            .max_await_time(AWAIT)
            // Whatever DATABASE_URL says: another member answers that there is nothing new when it is behind.
            .selection_criteria(primary());
        let stream = if token.is_some() {
            watch.resume_after(token).await?
        } else {
            let answer = self.database.run_command(doc! { "ping": 1 }).await?;
            let now = answer.get_timestamp("operationTime").map_err(Error::custom)?;
            let now = ClusterTime::from(now);
            let stream = watch.start_at_operation_time(Timestamp::from(now.next())).await?;
            heard.speaks(|| follower.begin(now));
            stream
        };
        Ok(stream.with_type())
    }
}

/// Hands over what the stream yields until it fails, or says why nothing more can be made of it.
async fn hand_over(
    stream: &mut ChangeStream<RawDocumentBuf>,
    follower: &impl Follower,
    heard: &Heard,
) -> Result<String, Error> {
    // When the server was asked for the changes that are being handed over, and how large they were.
    let (mut asked, mut bytes) = (None, 0);
    while stream.is_alive() {
        let now = Instant::now();
        let answer = {
            let mut next = pin!(stream.next_if_any());
            match poll!(&mut next) {
                Poll::Ready(answer) => answer,
                // All of the last answer has been handed over, and the server is being asked for more.
                Poll::Pending => {
                    let complete = std::mem::take(&mut bytes) < LARGE;
                    if let Some(moment) = asked.replace(now).filter(|_| complete) {
                        heard.speaks(|| follower.current(moment));
                    }
                    next.await
                }
            }
        };
        let change = match answer? {
            None => None,
            Some(event) => {
                bytes += event.as_bytes().len();
                match changes::read(&event) {
                    Ok(change) => Some(change),
                    Err(reason) => return Ok(reason),
                }
            }
        };
        let heard = heard.speaks(|| match (change, asked) {
            (Some(Some(change)), _) => follower.change(change),
            // Of a foreign document; the rest of this answer is yet to come.
            (Some(None), _) | (None, None) => {}
            (None, Some(moment)) => follower.current(moment),
        });
        if !heard {
            return Ok("it was left to itself".to_owned());
        }
        // An answer may hold tens of thousands of changes.
        tokio::task::consume_budget().await;
    }
    Ok("MongoDB has closed the change stream".to_owned())
}
