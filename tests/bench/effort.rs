//! How many rounds of which sizes are measured.

/// A whole bench, or one that only shows that it works.
pub struct Effort {
    pub quick: bool,
    /// Rounds of each figure.
    pub rounds: usize,
    /// Length of a round of reading or publishing.
    pub seconds: u32,
    pub connections: &'static [u32],
    /// Donations in a campaign that is summed up at each read.
    pub summed: &'static [u32],
    pub watchers: &'static [u32],
    /// Changes that the watchers are told of in each round.
    pub changes: u32,
    /// Campaigns held in memory.
    pub campaigns: u32,
    /// Messages in the queue before it is drained.
    pub queued: u32,
    /// Messages in the queue before several workers drain it.
    pub drained: u32,
    /// Lanes of one worker.
    pub lanes: &'static [u32],
    /// Events a second, and for how many seconds. At 100 a second it is as long as a p99.9 takes; at the first rate the
    /// machine is idle between two events.
    pub rates: &'static [(u32, u32)],
    pub growth: Growth,
}

/// Sizes of a database that grows.
pub struct Growth {
    /// Donations in one campaign.
    pub donations: &'static [u32],
    pub campaigns: &'static [u32],
    /// Messages drained at each size.
    pub queued: u32,
}

impl Effort {
    pub fn full() -> Self {
        Self {
            quick: false,
            rounds: 5,
            seconds: 3,
            connections: &[64, 512, 2_000],
            summed: &[10_000, 1_000_000],
            watchers: &[1, 100, 1_000, 5_000],
            changes: 40,
            campaigns: 100_000,
            queued: 200_000,
            drained: 50_000,
            lanes: &[1, 2, 4, 8],
            rates: &[(10, 5), (100, 20), (1_000, 10), (5_000, 5)],
            growth: Growth {
                donations: &[1_000, 10_000, 100_000, 1_000_000],
                campaigns: &[10, 1_000, 100_000],
                queued: 20_000,
            },
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
            drained: 20_000,
            lanes: &[1, 4],
            queued: 40_000,
            rates: &[(10, 3), (1_000, 2)],
            growth: Growth {
                donations: &[100, 3_000],
                campaigns: &[10, 300],
                queued: 10_000,
            },
        }
    }
}
