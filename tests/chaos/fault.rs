//! The faults: which, when, for how long, and how each is struck and healed.

use std::time::Duration;

use dev_services::Kind;
use harness::proxy::Weather;
use rand::RngExt;
use rand::rngs::StdRng;
use tokio::time::{Instant, sleep};

use crate::stage::Stage;

/// One fault. Killing is `kill -9`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    WorkerKilled,
    /// Two workers run, and one is killed.
    OneWorkerOfTwoKilled,
    /// The worker is stopped in order, as an upgrade would.
    WorkerStopped,
    ServerKilled(Kind),
    Network(Kind, Weather),
}

/// What a fault strikes; of two faults at once each needs its own.
#[derive(PartialEq, Eq)]
enum Target {
    Worker,
    Server(Kind),
}

/// Faults that happen together, and for how long.
#[derive(Debug)]
pub struct Blow {
    pub faults: Vec<Fault>,
    hold: Duration,
}

impl Fault {
    /// Its kind, for the report.
    pub fn kind(self) -> String {
        match self {
            Self::WorkerKilled => "worker killed".to_owned(),
            Self::OneWorkerOfTwoKilled => "one worker of two killed".to_owned(),
            Self::WorkerStopped => "worker stopped".to_owned(),
            Self::ServerKilled(kind) => format!("{kind} killed"),
            Self::Network(kind, weather) => {
                let what = match weather {
                    Weather::Clear => "as ever",
                    Weather::Cut => "cut off",
                    Weather::Stalled => "stalled",
                    Weather::Slow(_) => "slow",
                    Weather::CutAfter(_) => "cut midway",
                };
                format!("{kind} {what}")
            }
        }
    }

    /// Returns true if it is a `kill -9`.
    pub fn is_kill(self) -> bool {
        matches!(
            self,
            Self::WorkerKilled | Self::OneWorkerOfTwoKilled | Self::ServerKilled(_)
        )
    }

    /// Returns true if both can be struck at once. A second worker cannot get ready while a server is away.
    fn combines(self, other: Self) -> bool {
        self.target() != other.target() && ![self, other].contains(&Self::OneWorkerOfTwoKilled)
    }

    fn target(self) -> Target {
        match self {
            Self::WorkerKilled | Self::OneWorkerOfTwoKilled | Self::WorkerStopped => Target::Worker,
            Self::ServerKilled(kind) | Self::Network(kind, _) => Target::Server(kind),
        }
    }

    fn random(random: &mut StdRng, kill: bool) -> Self {
        let server = if random.random_bool(0.5) {
            Kind::MongoDb
        } else {
            Kind::RabbitMq
        };
        if kill {
            return match random.random_range(0..10) {
                0..5 => Self::WorkerKilled,
                5..7 => Self::OneWorkerOfTwoKilled,
                _ => Self::ServerKilled(server),
            };
        }
        let weather = match random.random_range(0..5) {
            0 => return Self::WorkerStopped,
            1 => Weather::Cut,
            2 => Weather::Stalled,
            3 => Weather::Slow(Duration::from_millis(random.random_range(5..100))),
            _ => Weather::CutAfter(random.random_range(1..20_000)),
        };
        Self::Network(server, weather)
    }

    async fn strike(self, stage: &mut Stage) {
        match self {
            Self::WorkerKilled => stage.workers.remove(0).kill().await,
            Self::OneWorkerOfTwoKilled => {
                stage.start_worker();
                stage.workers[1].logged("\"consuming\"").await;
                stage.workers.remove(0).kill().await;
            }
            Self::WorkerStopped => {
                let code = stage.workers.remove(0).terminate().await;
                assert_eq!(
                    code,
                    Some(0),
                    "a worker that is asked to stop does, whatever ails"
                );
            }
            Self::ServerKilled(kind) => stage.servers.of(kind).kill().await.unwrap(),
            Self::Network(kind, weather) => stage.proxy(kind).set(weather),
        }
    }

    /// Gives back what was taken, and returns as soon as it is there.
    async fn heal(self, stage: &mut Stage) {
        match self {
            Self::WorkerKilled | Self::WorkerStopped => stage.start_worker(),
            // The other one is still there.
            Self::OneWorkerOfTwoKilled => {}
            Self::ServerKilled(kind) => stage.servers.of(kind).start_again().await.unwrap(),
            Self::Network(kind, _) => stage.proxy(kind).set(Weather::Clear),
        }
    }
}

impl Blow {
    /// One fault, or now and then two at once.
    pub fn random(random: &mut StdRng) -> Self {
        let kill = random.random_bool(0.5);
        let first = Fault::random(random, kill);
        let mut faults = vec![first];
        if random.random_bool(0.15) {
            let second = Fault::random(random, !kill);
            if first.combines(second) {
                faults.push(second);
            }
        }
        // A supervisor starts a worker again at once; whatever else ails takes longer to mend. Short is more frequent.
        let at_once = faults.iter().all(|fault| fault.target() == Target::Worker);
        let longest = if at_once { 1.0 } else { 4.0 };
        let share: f64 = random.random_range(0.1..1.0);
        let hold = Duration::from_secs_f64(longest * share * share);
        Self { faults, hold }
    }

    /// Its kind, for the report.
    pub fn kind(&self) -> String {
        match self.faults.as_slice() {
            [fault] => fault.kind(),
            _ => "two faults at once".to_owned(),
        }
    }

    /// Its faults.
    pub fn description(&self) -> String {
        let kinds: Vec<_> = self.faults.iter().map(|fault| fault.kind()).collect();
        kinds.join(" + ")
    }

    /// How many of its faults are kills.
    pub fn kills(&self) -> u32 {
        let kills = self.faults.iter().filter(|fault| fault.is_kill());
        u32::try_from(kills.count()).unwrap_or(u32::MAX)
    }

    /// Strikes, holds and heals. Returns the moment from which the service can be expected to recover.
    pub async fn fall(&self, stage: &mut Stage) -> Instant {
        for fault in &self.faults {
            fault.strike(stage).await;
        }
        let struck = Instant::now();
        sleep(self.hold).await;
        let mut healed = struck;
        for fault in &self.faults {
            // A process counts from its start, a service from its first answer.
            let started = Instant::now();
            fault.heal(stage).await;
            healed = match fault {
                Fault::OneWorkerOfTwoKilled => healed,
                Fault::WorkerKilled | Fault::WorkerStopped => started,
                Fault::ServerKilled(_) | Fault::Network(..) => Instant::now(),
            };
        }
        healed
    }
}
