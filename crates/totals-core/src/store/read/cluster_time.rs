//! MongoDB's own clock, the same for all members of a deployment: every commit and every snapshot has its moment.

use mongodb::bson::Timestamp;

/// A moment of the cluster's logical clock. A snapshot as of a moment shows the commits up to it and no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct ClusterTime(u64);

impl ClusterTime {
    /// From its 64 bits, which are in the order of time.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Its 64 bits: seconds of Unix time, then a counter within the second.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// The first moment after this one.
    pub(in crate::store) const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl From<Timestamp> for ClusterTime {
    fn from(timestamp: Timestamp) -> Self {
        Self(u64::from(timestamp.time) << 32 | u64::from(timestamp.increment))
    }
}

impl From<ClusterTime> for Timestamp {
    fn from(moment: ClusterTime) -> Self {
        let [time, increment] = [moment.0 >> 32, moment.0 & u64::from(u32::MAX)];
        Self {
            time: u32::try_from(time).unwrap_or(u32::MAX),
            increment: u32::try_from(increment).unwrap_or(u32::MAX),
        }
    }
}
