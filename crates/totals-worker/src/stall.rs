//! Which tasks have work in hand and make no progress with it, since when, and what they wait for.
//!
//! A worker can be connected to everything and still count nothing: MongoDB may refuse every write, and the dead-letter
//! queue every letter. So each task says when it takes work in hand, when it has finished some of it, and what it failed
//! at. A task that finishes nothing for [`STALLED_AFTER`] makes `/health` say 503.
//!
//! The watch remembers a task that ends with work in hand, because its epoch was lost. If the task's successor takes up work
//! within [`STALLED_AFTER`], the time that was lost before counts on: a worker that loses its connection every 20 s, and
//! never finishes anything, would otherwise look well for ever. Work that does not come back is another worker's by then.
//!
//! Rejected: to compare counters from outside. An idle worker's counters stand still as well.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A task with work in hand that has finished nothing for so long is stalled. Retries after a failover of MongoDB or
/// RabbitMQ succeed well before that.
pub const STALLED_AFTER: Duration = Duration::from_secs(30);

/// Follows the tasks of the worker, over all epochs. All clones follow the same.
#[derive(Debug, Clone, Default)]
pub struct StallWatch(Arc<Mutex<BTreeMap<String, TaskState>>>);

/// One task's entry in a [`StallWatch`].
#[derive(Debug)]
pub struct Task {
    watch: StallWatch,
    name: String,
}

#[derive(Debug)]
struct TaskState {
    /// What an operator can do about it.
    remedy: &'static str,
    work: Work,
    /// The last failure since it last finished something.
    failure: Option<String>,
}

#[derive(Debug, Clone, Copy)]
enum Work {
    /// The task has no work in hand.
    Idle,
    /// The task has work in hand, and has finished none of it since then.
    InHand { since: Instant },
    /// The task ended at this moment with work in hand, after so much time without progress.
    Lost { at: Instant, stalled: Duration },
}

impl TaskState {
    fn begin(&mut self, now: Instant) {
        let before = match self.work {
            Work::InHand { .. } => return,
            Work::Lost { at, stalled } if now.saturating_duration_since(at) <= STALLED_AFTER => stalled,
            Work::Idle | Work::Lost { .. } => {
                self.failure = None;
                Duration::ZERO
            }
        };
        // There may be no instant before the machine's start; then the time lost before is not counted.
        let since = now.checked_sub(before).unwrap_or(now);
        self.work = Work::InHand { since };
    }

    fn advance(&mut self, now: Instant) {
        self.failure = None;
        match self.work {
            Work::InHand { .. } => self.work = Work::InHand { since: now },
            Work::Idle | Work::Lost { .. } => self.work = Work::Idle,
        }
    }

    fn rest(&mut self) {
        // Lost work may still come back; only the next work tells.
        if matches!(self.work, Work::InHand { .. }) {
            self.failure = None;
            self.work = Work::Idle;
        }
    }

    fn end(&mut self, now: Instant) {
        if let Work::InHand { since } = self.work {
            let stalled = now.saturating_duration_since(since);
            self.work = Work::Lost { at: now, stalled };
        }
    }

    fn stalled(&self, now: Instant) -> Duration {
        match self.work {
            Work::InHand { since } => now.saturating_duration_since(since),
            Work::Idle | Work::Lost { .. } => Duration::ZERO,
        }
    }
}

impl StallWatch {
    /// Follows the task of this name; `remedy` tells an operator what to do if it stalls.
    pub fn task(&self, name: impl Into<String>, remedy: &'static str) -> Task {
        let name = name.into();
        let new = TaskState {
            remedy,
            work: Work::Idle,
            failure: None,
        };
        self.states().entry(name.clone()).or_insert(new);
        let watch = self.clone();
        Task { watch, name }
    }

    /// How long the task that waits longest has had work in hand without finishing any; zero if none has.
    pub fn longest(&self, now: Instant) -> Duration {
        let states = self.states();
        let stalled = states.values().map(|state| state.stalled(now));
        stalled.max().unwrap_or_default()
    }

    /// Checks that every task makes progress with the work that it has in hand.
    ///
    /// # Errors
    /// The stalled tasks, each with what it waits for and the remedy.
    pub fn check(&self, now: Instant) -> Result<(), String> {
        let states = self.states();
        let stalled = states.iter().filter_map(|(name, state)| {
            let seconds = state.stalled(now).as_secs();
            let failure = state.failure.as_deref().unwrap_or("no answer so far");
            let remedy = state.remedy;
            let text = || format!("{name} made no progress for {seconds} s: {failure}; {remedy}");
            (seconds >= STALLED_AFTER.as_secs()).then(text)
        });
        let stalled: Vec<_> = stalled.collect();
        if stalled.is_empty() {
            Ok(())
        } else {
            Err(stalled.join(". "))
        }
    }

    fn states(&self) -> MutexGuard<'_, BTreeMap<String, TaskState>> {
        // Nothing here can panic halfway through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Task {
    /// The task has work in hand. The clock starts unless it runs already.
    pub fn begin(&self) {
        self.change(|state| state.begin(Instant::now()));
    }

    /// The task has finished some of its work. The clock starts anew.
    pub fn advance(&self) {
        self.change(|state| state.advance(Instant::now()));
    }

    /// The task has no work in hand.
    pub fn rest(&self) {
        self.change(TaskState::rest);
    }

    /// The task has failed like this, and will try again.
    pub fn fail(&self, failure: &(impl std::fmt::Display + ?Sized)) {
        self.change(|state| state.failure = Some(failure.to_string()));
    }

    fn change(&self, change: impl FnOnce(&mut TaskState)) {
        if let Some(state) = self.watch.states().get_mut(&self.name) {
            change(state);
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.change(|state| state.end(Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A watch of one task, and a clock that is set by hand.
    struct Scene {
        watch: StallWatch,
        start: Instant,
    }

    impl Scene {
        fn new() -> (Self, Task) {
            let watch = StallWatch::default();
            let task = watch.task("lane 0", "mend it");
            let start = Instant::now() + Duration::from_hours(1);
            (Self { watch, start }, task)
        }

        fn at(&self, seconds: u64) -> Instant {
            self.start + Duration::from_secs(seconds)
        }

        fn change(&self, change: impl FnOnce(&mut TaskState)) {
            change(self.watch.states().get_mut("lane 0").unwrap());
        }

        /// What `/metrics` and `/health` say.
        fn seen(&self, seconds: u64) -> (u64, Option<String>) {
            let now = self.at(seconds);
            (self.watch.longest(now).as_secs(), self.watch.check(now).err())
        }
    }

    #[test]
    fn a_task_is_stalled_when_it_finishes_nothing_for_so_long_with_work_in_hand() {
        let (scene, _task) = Scene::new();
        assert_eq!(scene.seen(1000), (0, None), "idle for ever is well");
        scene.change(|state| state.begin(scene.at(1000)));
        scene.change(|state| state.failure = Some("MongoDB refused".to_owned()));
        // More work does not make it look better.
        scene.change(|state| state.begin(scene.at(1020)));
        assert_eq!(scene.seen(1029), (29, None));
        let text = "lane 0 made no progress for 30 s: MongoDB refused; mend it".to_owned();
        assert_eq!(scene.seen(1030), (30, Some(text)));
        scene.change(|state| state.advance(scene.at(1031)));
        assert_eq!(
            scene.seen(1040),
            (9, None),
            "with more in hand the clock starts anew"
        );
        let text = "lane 0 made no progress for 30 s: no answer so far; mend it".to_owned();
        assert_eq!(
            scene.seen(1061),
            (30, Some(text)),
            "of the failure before it is over"
        );
        scene.change(TaskState::rest);
        assert_eq!(scene.seen(2000), (0, None));
    }

    #[test]
    fn time_lost_with_an_epoch_counts_on_in_the_next_if_the_work_comes_back() {
        let (scene, _task) = Scene::new();
        scene.change(|state| state.begin(scene.at(0)));
        for epoch in 1..=2 {
            scene.change(|state| state.end(scene.at(epoch * 20 - 5)));
            assert_eq!(
                scene.seen(epoch * 20 - 1),
                (0, None),
                "that it does not consume is said elsewhere"
            );
            scene.change(TaskState::rest);
            scene.change(|state| state.begin(scene.at(epoch * 20)));
        }
        // 15 s in each of two epochs, and 1 s in the third.
        assert_eq!(scene.seen(41).0, 31);
        assert!(scene.seen(41).1.is_some());
        scene.change(|state| state.advance(scene.at(42)));
        assert_eq!(scene.seen(43), (1, None));
    }

    #[test]
    fn work_that_does_not_come_back_is_forgotten() {
        let (scene, _task) = Scene::new();
        scene.change(|state| state.begin(scene.at(0)));
        scene.change(|state| state.end(scene.at(100)));
        scene.change(TaskState::rest);
        scene.change(|state| state.begin(scene.at(1000)));
        assert_eq!(scene.seen(1001), (1, None));
    }

    #[test]
    fn a_task_that_ends_says_so_and_its_successor_has_the_same_name() {
        let (scene, task) = Scene::new();
        task.begin();
        drop(task);
        assert_eq!(scene.seen(100), (0, None));
        let task = scene.watch.task("lane 0", "mend it");
        task.begin();
        assert!(scene.seen(100).1.is_some());
        task.advance();
        task.rest();
        assert_eq!(scene.seen(100), (0, None));
    }

    #[test]
    fn each_stalled_task_is_named() {
        let (scene, _task) = Scene::new();
        let other = scene.watch.task("dead letters", "make room");
        other.begin();
        other.fail("RabbitMQ refuses");
        scene.change(|state| state.begin(scene.at(0)));
        let text = scene.seen(60).1.unwrap();
        assert!(
            text.contains("RabbitMQ refuses; make room. lane 0 made no progress"),
            "{text}"
        );
    }
}
