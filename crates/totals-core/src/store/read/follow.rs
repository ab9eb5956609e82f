//! Following the totals' changes without missing one: a change stream that is opened again and again.
//!
//! A lost stream continues where it ended, from its resume token. If MongoDB cannot do that (its oplog does not reach
//! back so far, or the collection was dropped or renamed), the follower is told to begin again: what it knew before is
//! worth nothing then.
//!
//! A stream that is silent looks like one that has died. So the server is asked to answer within [`AWAIT`] even if
//! nothing has changed. Each answer proves that no change that was committed before the question is still missing, as
//! long as the answer comes from the primary and was not cut off for its size. A follower that hears nothing for a
//! while knows that it may be behind, whatever the reason. The changes of one commit are handed over together, so that no reader
//! sees a part of a commit: they are all there once the next commit's come, or once an answer ends that was not cut off. A stream that is silent for [`SILENCE`] is given up, and
//! another one begins: its connection may have died without a word, and the driver would wait for a quarter of an hour.

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
use crate::store::client::{Driver, Store, primary};
use crate::store::error::{StoreError, server_code};
use crate::store::read::changes::{self, Change};
use crate::store::read::cluster_time::ClusterTime;

/// How long the server may wait for a change before it answers that there is none.
const AWAIT: Duration = Duration::from_millis(200);

/// How long a stream may be silent before it is given up: longer than a failed attempt to open one takes.
const SILENCE: Duration = Duration::from_secs(10);

/// The size of the changes in one answer, in bytes, from which on the answer may have been cut off at 16 MB.
const LARGE: usize = 8 << 20;

/// The longest pause between attempts to open a lost stream again.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// The driver's mark on errors after which a stream can be resumed.
const RESUMABLE: &str = "ResumableChangeStreamError";

/// Receives the changes. Called from one task, in the order of the commits; must not block.
pub trait Follower: Send + Sync {
    /// Every change after `at` will come. Earlier changes may be missing: what rests on an earlier moment than `at` is
    /// stale.
    fn begin(&self, at: ClusterTime);

    /// The next commit: all that it has changed.
    fn commit(&self, changes: Vec<Change>);

    /// All that was committed before `moment` has come.
    fn current(&self, moment: Instant);

    /// Nothing comes until [`Follower::current`] is called again. `error`, for the log, says why.
    fn lost(&self, error: &StoreError);
}

/// How a stream has ended.
enum StreamEnd {
    /// The next stream can go on where this one ended.
    Resume(StoreError, Option<ResumeToken>),
    /// The next stream has to begin anew.
    Begin(StoreError),
}

impl StreamEnd {
    fn after(error: Error, position: Option<ResumeToken>) -> Self {
        let refused = server_code(&error).is_some() && !error.contains_label(RESUMABLE);
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

/// Tells whether one stream is alive. A stream that was given up has no effect any more.
struct Liveness(Mutex<LastHeard>);

struct LastHeard {
    at: Instant,
    answered: bool,
    given_up: bool,
}

impl Liveness {
    fn new() -> Self {
        Self(Mutex::new(LastHeard {
            at: Instant::now(),
            answered: false,
            given_up: false,
        }))
    }

    /// Notes that the stream was heard of, and delivers what it said. Returns false, and delivers nothing, if the
    /// stream was given up.
    fn heard(&self, deliver: impl FnOnce()) -> bool {
        let mut last = self.0.lock();
        if !last.given_up {
            (last.at, last.answered) = (Instant::now(), true);
            deliver();
        }
        !last.given_up
    }

    /// Returns true if the stream was ever heard of.
    fn has_answered(&self) -> bool {
        self.0.lock().answered
    }

    /// Waits until the stream has been silent for [`SILENCE`], and gives it up.
    async fn silence(&self) {
        loop {
            let end = {
                let mut last = self.0.lock();
                last.given_up = last.at.elapsed() >= SILENCE;
                if last.given_up {
                    return;
                }
                last.at + SILENCE
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
            let liveness = Arc::new(Liveness::new());
            let (position, to, alive) = (token.take(), follower.clone(), liveness.clone());
            let stream = self.spawn(|driver| driver.follow_once(position, to, alive));
            let end = tokio::select! {
                ended = stream => ended.unwrap_or_else(|_| StreamEnd::defect("following the changes has died")),
                () = liveness.silence() => StreamEnd::defect("MongoDB has not answered for a while"),
            };
            let error = match end {
                StreamEnd::Resume(error, position) => {
                    token = position;
                    error
                }
                StreamEnd::Begin(error) => error,
            };
            if liveness.has_answered() {
                pauses.reset();
            }
            follower.lost(&error);
            tokio::time::sleep(pauses.next_delay()).await;
        }
    }
}

impl Driver {
    /// Opens one stream and hands over what it yields, to its end.
    async fn follow_once(
        self: Arc<Self>,
        token: Option<ResumeToken>,
        follower: Arc<impl Follower>,
        liveness: Arc<Liveness>,
    ) -> StreamEnd {
        match self.open_stream(token.clone(), &*follower, &liveness).await {
            Err(error) => StreamEnd::after(error, token),
            Ok(mut stream) => match hand_over(&mut stream, &*follower, &liveness).await {
                Err(error) => StreamEnd::after(error, stream.resume_token()),
                Ok(reason) => StreamEnd::defect(&reason),
            },
        }
    }

    async fn open_stream(
        &self,
        token: Option<ResumeToken>,
        follower: &impl Follower,
        liveness: &Liveness,
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
            liveness.heard(|| follower.begin(now));
            stream
        };
        Ok(stream.with_type())
    }
}

/// Hands over what the stream yields until it fails, or says why nothing more can be made of it.
async fn hand_over(
    stream: &mut ChangeStream<RawDocumentBuf>,
    follower: &impl Follower,
    liveness: &Liveness,
) -> Result<String, Error> {
    // When the server was asked for the changes that are being handed over, and how large they were.
    let (mut asked, mut bytes) = (None, 0);
    let mut commit = Vec::new();
    while stream.is_alive() {
        let now = Instant::now();
        let answer = {
            let mut next = pin!(stream.next_if_any());
            match poll!(&mut next) {
                Poll::Ready(answer) => answer,
                // All of the last answer has been handed over, and the server is being asked for more.
                Poll::Pending => {
                    let complete = std::mem::take(&mut bytes) < LARGE;
                    // The first answer was not asked for here, and ends after a hundred changes.
                    if let Some(moment) = asked.replace(now).filter(|_| complete) {
                        liveness.heard(|| {
                            end_of_commit(&mut commit, follower);
                            follower.current(moment);
                        });
                    }
                    next.await
                }
            }
        };
        let event = match answer {
            Ok(event) => event,
            Err(error) if commit.is_empty() => return Err(error),
            // The stream's position is within the commit: going on from there would lack what has come of it.
            Err(_) => return Ok("the stream was lost within a commit".to_owned()),
        };
        let change = match &event {
            None => None,
            Some(event) => {
                bytes += event.as_bytes().len();
                match changes::read(event) {
                    Ok(change) => Some(change),
                    Err(reason) => return Ok(reason),
                }
            }
        };
        let heard = liveness.heard(|| match change {
            Some(Some(change)) => {
                if commit.first().is_some_and(|first: &Change| first.at != change.at) {
                    end_of_commit(&mut commit, follower);
                }
                commit.push(change);
            }
            // Of a foreign document; the rest of this answer is yet to come.
            Some(None) => {}
            None => {
                if let Some(moment) = asked {
                    end_of_commit(&mut commit, follower);
                    follower.current(moment);
                }
            }
        });
        if !heard {
            return Ok("it was given up".to_owned());
        }
        // An answer may hold tens of thousands of changes.
        tokio::task::consume_budget().await;
    }
    Ok("MongoDB has closed the change stream".to_owned())
}

/// Hands over the changes that were gathered, which are all of a commit.
fn end_of_commit(commit: &mut Vec<Change>, follower: &impl Follower) {
    if !commit.is_empty() {
        follower.commit(std::mem::take(commit));
    }
}
