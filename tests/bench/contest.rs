//! Servers that take turns under the same load, each watched for what it and its helpers use.

use axum::http::StatusCode;
use harness::{Process, eventually};
use mongodb::bson::{Document, doc};
use serde::Serialize;

use crate::stage::Stage;
use crate::usage;
use crate::wrk::{self, Paths};

/// A server and its rounds so far.
pub struct Turn<'a> {
    pub name: &'static str,
    process: &'a Process,
    pub rounds: Vec<Round>,
}

/// One round of one server.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Round {
    pub per_second: f64,
    /// Requests answered as they should be; only these count.
    pub millions: f64,
    /// The share of the others: a server that protects itself refuses what is too much.
    pub wrong_share: f64,
    pub p50_ms: f64,
    /// `None` if there were too few answers.
    pub p99_ms: Option<f64>,
    pub server_cpu_s: f64,
    pub mongodb_cpu_s: f64,
    pub wrk_cpu_s: f64,
}

/// The load of every round.
pub struct Load<'a> {
    pub paths: &'a Paths,
    pub connections: u32,
    pub seconds: u32,
    /// The status that every answer must have.
    pub status: StatusCode,
}

impl<'a> Turn<'a> {
    /// A server that has had no round yet.
    pub fn of(name: &'static str, process: &'a Process) -> Self {
        Self {
            name,
            process,
            rounds: Vec::new(),
        }
    }

    /// One figure of each round.
    pub fn each(&self, figure: fn(&Round) -> f64) -> Vec<f64> {
        self.rounds.iter().map(figure).collect()
    }
}

impl Load<'_> {
    /// Gives each server so many rounds, by turns.
    pub async fn contest(&self, stage: &Stage, turns: &mut [Turn<'_>], rounds: usize) {
        for _ in 0..rounds {
            for turn in &mut *turns {
                let round = self.round(stage, turn.name, turn.process).await;
                turn.rounds.push(round);
            }
        }
    }

    async fn round(&self, stage: &Stage, name: &str, server: &Process) -> Round {
        let used = || {
            [
                usage::cpu_seconds(server.id()),
                usage::cpu_seconds(stage.mongodb()),
                usage::cpu_seconds_of_ended_children(),
            ]
        };
        self.check(name, server).await;
        let before = used();
        let answered = wrk::load(&server.url, self.paths, self.connections, self.seconds).await;
        let after = used();
        assert!(
            answered.is_complete(),
            "{name} left requests without an answer: {answered:?}"
        );
        rest(stage).await;
        self.check(name, server).await;
        let right = answered.right(self.status);
        Round {
            per_second: right / answered.seconds(),
            millions: right / 1e6,
            wrong_share: answered.wrong_share(self.status),
            p50_ms: answered.p50_ms(),
            p99_ms: answered.p99_ms(),
            server_cpu_s: after[0] - before[0],
            mongodb_cpu_s: after[1] - before[1],
            wrk_cpu_s: after[2] - before[2],
        }
    }

    /// One answer, whose status is looked at: `wrk` only tells those of 400 and above from others.
    async fn check(&self, name: &str, server: &Process) {
        let (status, _) = server.get(&self.paths.first).await;
        assert_eq!(status, self.status, "{name} at {}", self.paths.first);
    }
}

/// Waits for the sums that nobody waits for any more: `wrk` hangs up at the end of its round, MongoDB goes on.
async fn rest(stage: &Stage) {
    let sums = doc! { "currentOp": 1, "active": true, "command.aggregate": "donations" };
    let look = async || stage.database.run_admin(sums.clone()).await;
    let none = |answer: &Document| answer.get_array("inprog").unwrap().is_empty();
    eventually(look, none).await;
}
