//! The kinds of reads.

use axum::http::StatusCode;

use crate::seed;

/// Campaigns that are read at random.
pub const CAMPAIGNS: u32 = 10_000;

/// Campaigns in one request for several.
const AT_ONCE: u32 = 20;

/// The read that nearly everyone makes.
pub const ONE: &str = "one campaign";

/// A kind of read.
pub struct Scenario {
    pub name: &'static str,
    pub paths: Vec<String>,
    /// Status of its answers.
    pub status: StatusCode,
    /// True if one lookup can answer it as well.
    pub lookup: bool,
    /// The most connections that read in this way.
    pub crowd: u32,
}

impl Scenario {
    /// All kinds of reads.
    pub fn all() -> Vec<Self> {
        let path = |id: String| format!("/api/totals/campaigns/{id}");
        let batch = |first: u32| {
            let ids = (0..AT_ONCE).map(|place| seed::campaign_id((first + place * 487) % CAMPAIGNS));
            format!("/api/totals/campaigns?ids={}", ids.collect::<Vec<_>>().join(","))
        };
        let scenario = |name, paths, status, lookup| Self {
            name,
            paths,
            status,
            lookup,
            crowd: if lookup { 2_000 } else { 512 },
        };
        let known = (0..CAMPAIGNS).map(|number| path(seed::campaign_id(number)));
        let unknown = (0..CAMPAIGNS).map(|number| path(seed::unknown_id(number)));
        vec![
            scenario(ONE, vec![path(seed::campaign_id(0))], StatusCode::OK, true),
            scenario(
                "10,000 campaigns at random",
                known.collect(),
                StatusCode::OK,
                true,
            ),
            scenario(
                "10,000 unknown ids at random",
                unknown.collect(),
                StatusCode::NOT_FOUND,
                false,
            ),
            scenario(
                "the list, first page",
                vec!["/api/totals/campaigns".to_owned()],
                StatusCode::OK,
                false,
            ),
            scenario(
                "20 campaigns at once",
                (0..1_000).map(batch).collect(),
                StatusCode::OK,
                false,
            ),
        ]
    }
}
