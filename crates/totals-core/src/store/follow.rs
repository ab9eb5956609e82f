//! Following the totals' changes without missing one: a change stream that is opened again and again.
//!
//! A lost stream continues where it ended, from its resume token. Where MongoDB cannot do that (its oplog does not reach
//! back so far, the collection was dropped or renamed), the follower is told to begin again: what it knows from before
//! is worth nothing then.
//!
//! A stream that is silent looks like one that has died. So the server is asked to answer within [`AWAIT`] even when
//! nothing has changed, and each answer proves that nothing committed before the question is still missing. A follower
//! that has not heard for a while knows that it may be behind, whatever the reason.

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures::poll;
use mongodb::bson::{RawDocumentBuf, Timestamp, doc};
use mongodb::change_stream::ChangeStream;
use mongodb::change_stream::event::ResumeToken;
use mongodb::error::Error;
use tokio::time::Instant;

use super::changes::{self, Change};
use super::cluster_time::ClusterTime;
use super::{Store, StoreError};
use crate::runtime::backoff::Backoff;

/// How long the server may wait for a change before it answers that there is none.
const AWAIT: Duration = Duration::from_millis(200);

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

/// Why a stream has ended.
enum End {
    /// The next one can go on where it ended.
    Resume(StoreError),
    /// It cannot.
    Begin(StoreError),
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        let refused = super::error::server_code(&error).is_some() && !error.contains_label(RESUMABLE);
        let end = if refused { Self::Begin } else { Self::Resume };
        end(error.into())
    }
}

impl Store {
    /// Follows the changes of all totals, for ever.
    ///
    /// The future must not be dropped before the process ends; see the module [`super`].
    pub async fn follow(&self, follower: &impl Follower) {
        let mut token = None;
        let mut pauses = Backoff::new(Duration::from_millis(20), LONGEST_PAUSE);
        loop {
            let opened = self.open_stream(token.clone(), follower).await;
            let end = match opened {
                Err(end) => end,
                Ok(mut stream) => {
                    pauses.reset();
                    let end = hand_over(&mut stream, follower).await;
                    token = stream.resume_token();
                    end
                }
            };
            let error = match end {
                End::Resume(error) => error,
                End::Begin(error) => {
                    token = None;
                    error
                }
            };
            follower.lost(&error);
            tokio::time::sleep(pauses.next_delay()).await;
        }
    }

    async fn open_stream(
        &self,
        token: Option<ResumeToken>,
        follower: &impl Follower,
    ) -> Result<ChangeStream<RawDocumentBuf>, End> {
        let totals = self.campaign_totals::<RawDocumentBuf>();
        let watch = totals.watch().max_await_time(AWAIT);
        let stream = if token.is_some() {
            watch.resume_after(token).await?
        } else {
            let now = self.cluster_time().await?;
            let stream = watch.start_at_operation_time(Timestamp::from(now.next())).await?;
            follower.begin(now);
            stream
        };
        Ok(stream.with_type())
    }

    /// The cluster's present moment, or one just before.
    async fn cluster_time(&self) -> Result<ClusterTime, End> {
        let answer = self.database.run_command(doc! { "ping": 1 }).await?;
        let time = answer.get_timestamp("operationTime").map_err(|_| {
            End::Begin(StoreError::defect(
                "MongoDB has no cluster time: it is no replica set".to_owned(),
            ))
        })?;
        Ok(time.into())
    }
}

/// Hands over what the stream yields until it ends.
async fn hand_over(stream: &mut ChangeStream<RawDocumentBuf>, follower: &impl Follower) -> End {
    // When the server was asked for the changes that are being handed over.
    let mut asked = None;
    while stream.is_alive() {
        let now = Instant::now();
        let answer = {
            let mut next = pin!(stream.next_if_any());
            match poll!(&mut next) {
                Poll::Ready(answer) => answer,
                // All of the last answer has been handed over, and the server is being asked for more.
                Poll::Pending => {
                    if let Some(moment) = asked.replace(now) {
                        follower.current(moment);
                    }
                    next.await
                }
            }
        };
        match (answer, asked) {
            (Err(error), _) => return error.into(),
            (Ok(None), Some(moment)) => follower.current(moment),
            (Ok(None), None) => {}
            (Ok(Some(event)), _) => match changes::read(&event) {
                Ok(change) => follower.change(change),
                Err(reason) => return End::Begin(StoreError::defect(reason)),
            },
        }
    }
    End::Begin(StoreError::defect(
        "MongoDB has closed the change stream".to_owned(),
    ))
}
