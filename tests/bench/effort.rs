//! How much is measured.

/// A whole bench, or one that only shows that it works.
pub struct Effort {
    pub quick: bool,
    /// Of each figure.
    pub rounds: usize,
    /// A round of reading or publishing.
    pub seconds: u32,
    pub connections: &'static [u32],
    /// Donations in a campaign that is summed up at each read.
    pub summed: &'static [u32],
    pub watchers: &'static [u32],
    /// Changes told to them in each round.
    pub changes: u32,
    /// Campaigns held in memory.
    pub campaigns: u32,
    /// Messages in the queue before it is drained.
    pub queued: u32,
    /// The same for several workers.
    pub drained: u32,
    /// Of one worker.
    pub lanes: &'static [u32],
    /// Events a second; at the first of them the machine is idle between two.
    pub rates: &'static [u32],
}

impl Effort {
    pub fn full() -> Self {
        Self {
            quick: false,
            rounds: 5,
            seconds: 5,
            connections: &[64, 512, 2_000],
            summed: &[10_000, 1_000_000],
            watchers: &[1, 100, 1_000, 5_000],
            changes: 40,
            campaigns: 100_000,
            queued: 200_000,
            drained: 100_000,
            lanes: &[1, 2, 4, 8],
            rates: &[10, 100, 1_000, 5_000],
        }
    }

    pub fn quick() -> Self {
        Self {
            quick: true,
            rounds: 3,
            seconds: 1,
            connections: &[64, 512],
            summed: &[10_000],
            watchers: &[1, 100, 1_000],
            changes: 10,
            campaigns: 10_000,
            queued: 10_000,
            drained: 5_000,
            lanes: &[1, 4],
            rates: &[10, 1_000],
        }
    }
}
