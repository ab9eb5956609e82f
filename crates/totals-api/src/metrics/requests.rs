//! The requests to one route: how many by method and status, and how long they took.
//!
//! Each thread adds to counters of its own, and a scrape adds them up: threads that add to the same counter wait for each
//! other's cache line, which costs a hot read more than all else that is counted of it.
//!
//! Rejected: families of counters, which look up their labels under a lock for each request, and the library's histogram,
//! whose lock all threads that answer would contend for.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::{Method, StatusCode};

/// The label of all that is not known.
pub const OTHER: &str = "other";

/// The labels of methods.
const METHODS: [&str; 8] = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", OTHER];

/// The label of requests whose client hung up before the answer.
const NO_ANSWER: &str = "none";

/// The statuses that the API gives, and their labels; the last two are for any other, and for none.
const STATUSES: [(u16, &str); 12] = [
    (200, "200"),
    (304, "304"),
    (400, "400"),
    (404, "404"),
    (405, "405"),
    (413, "413"),
    (414, "414"),
    (431, "431"),
    (500, "500"),
    (503, "503"),
    (0, OTHER),
    (0, NO_ANSWER),
];

/// Upper bounds of durations.
const BOUNDS: [Duration; 13] = [
    Duration::from_micros(100),
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_micros(2500),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_secs(1),
    Duration::from_millis(2500),
    Duration::from_secs(10),
];

/// Sets of counters of a route. Threads share one only if there are more threads than this.
const STRIPES: usize = 8;

/// What is counted of one route.
#[derive(Debug)]
pub struct RouteMetrics {
    route: String,
    stripes: [Stripe; STRIPES],
}

/// What the threads of one stripe have counted. It shares no cache line with another: processors fetch them in pairs of 64
/// bytes.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Stripe {
    requests: [[AtomicU64; STATUSES.len()]; METHODS.len()],
    /// Requests that took up to each of [`BOUNDS`] and longer than the one before; the last is of those that took longer.
    durations: [AtomicU64; BOUNDS.len() + 1],
    nanos: AtomicU64,
}

/// How long the requests to a route took.
#[derive(Debug)]
pub struct Durations {
    /// All of them together, in seconds.
    pub sum: f64,
    /// How many there were.
    pub count: u64,
    /// How many took up to so many seconds and longer than the bucket before allows.
    pub buckets: Vec<(f64, u64)>,
}

impl RouteMetrics {
    /// Nothing counted yet.
    pub fn new(route: &str) -> Self {
        Self {
            route: route.to_owned(),
            stripes: Default::default(),
        }
    }

    /// The route's pattern.
    pub fn route(&self) -> &str {
        &self.route
    }

    /// A request was answered with this status after so long, or its client has hung up before.
    pub fn answered(&self, method: &Method, status: Option<StatusCode>, took: Duration) {
        let stripe = self.stripe();
        stripe.count(place_of_method(method), place_of_status(status));
        let place = BOUNDS.iter().position(|bound| took <= *bound);
        stripe.durations[place.unwrap_or(BOUNDS.len())].fetch_add(1, Ordering::Relaxed);
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        stripe.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// Something that is no request was answered with this status.
    pub fn refused(&self, status: StatusCode) {
        self.stripe()
            .count(METHODS.len() - 1, place_of_status(Some(status)));
    }

    /// The counters of this thread.
    fn stripe(&self) -> &Stripe {
        &self.stripes[STRIPE.with(Cell::get)]
    }

    /// The sum of a counter over all threads.
    fn sum(&self, counter: impl Fn(&Stripe) -> &AtomicU64) -> u64 {
        let counts = self.stripes.iter().map(counter);
        counts.map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// How many requests there were, by method and status. Those that an alert may ask for are there before the first.
    pub fn requests(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
        let always = |method, status| {
            self.route != OTHER && method == METHODS[0] && ["200", "500", "503"].contains(&status)
        };
        let all = METHODS.iter().enumerate().flat_map(move |(method, name)| {
            let statuses = STATUSES.iter().enumerate();
            statuses.map(move |(status, (_, label))| {
                let count = self.sum(|stripe| &stripe.requests[method][status]);
                (*name, *label, count)
            })
        });
        all.filter(move |(method, status, count)| *count > 0 || always(*method, *status))
    }

    /// How long they took.
    pub fn durations(&self) -> Durations {
        let counts = (0..=BOUNDS.len()).map(|place| self.sum(|stripe| &stripe.durations[place]));
        // The library writes its last bound as infinity.
        let bounds = BOUNDS.iter().map(Duration::as_secs_f64).chain([f64::MAX]);
        let buckets: Vec<_> = bounds.zip(counts).collect();
        Durations {
            sum: Duration::from_nanos(self.sum(|stripe| &stripe.nanos)).as_secs_f64(),
            count: buckets.iter().map(|(_, count)| count).sum(),
            buckets,
        }
    }
}

impl Stripe {
    fn count(&self, method: usize, status: usize) {
        self.requests[method][status].fetch_add(1, Ordering::Relaxed);
    }
}

/// Hands out the stripes to threads, one after another.
static NEXT_STRIPE: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// The place of this thread's counters in every route.
    static STRIPE: Cell<usize> = Cell::new(NEXT_STRIPE.fetch_add(1, Ordering::Relaxed) % STRIPES);
}

fn place_of_method(method: &Method) -> usize {
    match *method {
        Method::GET => 0,
        Method::HEAD => 1,
        Method::OPTIONS => 2,
        Method::POST => 3,
        Method::PUT => 4,
        Method::PATCH => 5,
        Method::DELETE => 6,
        _ => METHODS.len() - 1,
    }
}

fn place_of_status(status: Option<StatusCode>) -> usize {
    let [other, none] = [STATUSES.len() - 2, STATUSES.len() - 1];
    let Some(status) = status else {
        return none;
    };
    let place = STATUSES.iter().position(|(code, _)| *code == status.as_u16());
    place.unwrap_or(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_caller_sends_is_counted_under_a_label_that_was_there_before() {
        let route = RouteMetrics::new("/route");
        let known = route.requests().count();
        assert_eq!(known, 3, "before the first request");
        let short = Duration::from_micros(20);
        for (method, status, labels) in [
            ("GET", Some(200), ("GET", "200")),
            ("HEAD", Some(304), ("HEAD", "304")),
            ("DELETE", Some(405), ("DELETE", "405")),
            ("BREW", Some(405), ("other", "405")),
            ("get", Some(405), ("other", "405")),
            ("GET", Some(418), ("GET", "other")),
            ("GET", None, ("GET", "none")),
        ] {
            let before = counted(&route, labels);
            let status = status.map(|status| StatusCode::from_u16(status).unwrap());
            route.answered(&method.parse().unwrap(), status, short);
            assert_eq!(counted(&route, labels), before + 1, "{method} {status:?}");
        }
        for (place, name) in METHODS[..METHODS.len() - 1].iter().enumerate() {
            assert_eq!(place_of_method(&name.parse().unwrap()), place, "{name}");
        }
    }

    fn counted(route: &RouteMetrics, labels: (&str, &str)) -> u64 {
        let found = route
            .requests()
            .find(|(method, status, _)| (*method, *status) == labels);
        found.map_or(0, |(_, _, count)| count)
    }

    #[test]
    fn what_threads_have_counted_is_added_up() {
        let route = RouteMetrics::new("/route");
        std::thread::scope(|scope| {
            for _ in 0..3 * STRIPES {
                scope.spawn(|| route.answered(&Method::GET, Some(StatusCode::OK), Duration::from_micros(1)));
            }
        });
        assert_eq!(counted(&route, ("GET", "200")), 3 * STRIPES as u64);
        assert_eq!(route.durations().count, 3 * STRIPES as u64);
    }

    #[test]
    fn durations_are_in_the_bucket_of_the_first_bound_that_they_keep() {
        let route = RouteMetrics::new("/route");
        for micros in [0, 100, 101, 2500, 10_000_000, 10_000_001] {
            route.answered(&Method::GET, None, Duration::from_micros(micros));
        }
        let Durations { sum, count, buckets } = route.durations();
        assert_eq!(count, 6);
        assert!((sum - 20.002_702).abs() < 1e-9, "{sum}");
        let filled: Vec<_> = buckets.into_iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!(
            filled,
            [(0.0001, 2), (0.0005, 1), (0.0025, 1), (10.0, 1), (f64::MAX, 1)]
        );
    }
}
