//! Three hundred donations a second for minutes: no frame is dropped for long, and the heap does not grow.
//!
//! It takes `WEB_MINUTES` (5) and both cores, so neither `cargo xtask test` nor .ci/run runs it:
//!
//!     cargo xtask test -- --package tests -- --ignored --nocapture web::endurance::

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::browser::Browser;
use super::{Page, Stage};
use crate::events;

const RATE: usize = 300;
const ROUND: Duration = Duration::from_millis(100);

/// A frame of a screen with 60 a second that takes longer than this has dropped the next one, in milliseconds.
const DROPPED: f64 = 25.0;

/// Of a hundred frames.
const MAX_DROPPED: f64 = 5.0;

/// A page draws at least so many frames between two looks, or nobody has seen it.
const LEAST_FRAMES: usize = 900;

/// What the heap may grow by from the end of the first minute on, in bytes.
const MAX_GROWTH: f64 = 2_000_000.0;

const FRAMES: &str = "
    globalThis.frames_ = []; let last;
    const frame = (now) => { if (last) frames_.push(now - last); last = now; requestAnimationFrame(frame); };
    requestAnimationFrame(frame);";

/// What the page's objects take, once all that nobody needs is gone.
async fn heap(page: &Page) -> f64 {
    for _ in 0..3 {
        page.call("HeapProfiler.collectGarbage", json!({})).await;
    }
    let usage = page.call("Runtime.getHeapUsage", json!({})).await;
    usage["usedSize"].as_f64().unwrap()
}

/// How many of a hundred frames were dropped since the last look, and the longest, in milliseconds.
async fn frames(page: &Page) -> (f64, f64, usize) {
    let frames = page.run("frames_.splice(0)").await;
    let frames: Vec<f64> = frames
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_f64)
        .collect();
    let dropped = frames.iter().filter(|frame| **frame > DROPPED).count();
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    let share = 100.0 * dropped as f64 / frames.len().max(1) as f64;
    (share, frames.iter().copied().fold(0.0, f64::max), frames.len())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes and both cores; run it by itself"]
async fn three_hundred_donations_a_second_drop_no_frames_and_fill_no_heap() {
    let minutes: f64 = std::env::var("WEB_MINUTES").map_or(5.0, |minutes| minutes.parse().unwrap());
    let stage = Stage::new().await;
    let mut pages = Vec::new();
    // Of one browser's pages, one is seen, and the others draw nothing.
    let other = Browser::start().await;
    for (path, browser) in [("/", &stage.browser), ("/campaigns/c", &other)] {
        let page = browser.page().await;
        page.open(&format!("{}{path}", stage.api.url)).await;
        page.run(FRAMES).await;
        pages.push((path, page));
    }
    let begun = Instant::now();
    let mut published = 0;
    let (mut looks, mut next_look) = (Vec::new(), Duration::from_secs(30));
    while begun.elapsed() < Duration::from_secs_f64(minutes * 60.0) {
        let due = usize::try_from(begun.elapsed().as_millis()).unwrap() * RATE / 1_000;
        stage.world.publish((published..due).map(gift)).await;
        published = due;
        tokio::time::sleep(ROUND).await;
        if begun.elapsed() > next_look {
            next_look += Duration::from_secs(30);
            for (path, page) in &pages {
                // The collection itself is a long frame, and not the page's.
                let seen = frames(page).await;
                looks.push((*path, begun.elapsed().as_secs(), seen, heap(page).await));
                frames(page).await;
                let (path, seconds, (dropped, longest, count), heap) = looks.last().unwrap();
                println!(
                    "{seconds:>4} s {path:<13} {count} frames, {dropped:.2} % dropped, longest {longest:.0} ms, heap {:.2} MB",
                    heap / 1e6
                );
            }
        }
    }
    let total = i64::try_from(published).unwrap();
    pages[0].1.shows("platform-total", total * 1_000).await;
    pages[1].1.shows("campaign-total", total * 1_000).await;
    for (path, _) in &pages {
        let own: Vec<_> = looks.iter().filter(|(of, ..)| of == path).collect();
        let mut dropped: Vec<f64> = own.iter().map(|(_, _, (dropped, ..), _)| *dropped).collect();
        dropped.sort_unstable_by(f64::total_cmp);
        assert!(dropped[dropped.len() / 2] < MAX_DROPPED, "{path}: {dropped:?}");
        let fewest = own.iter().map(|(_, _, (.., count), _)| *count).min();
        assert!(
            fewest > Some(LEAST_FRAMES),
            "{path}: {fewest:?} frames between two looks"
        );
        let (first, last) = (own[own.len().min(2) - 1].3, own[own.len() - 1].3);
        assert!(last - first < MAX_GROWTH, "{path}: from {first} to {last} bytes");
    }
}

fn gift(number: usize) -> events::Event {
    events::created(&format!("e{number}"), &format!("d{number}")).donor(&format!("u{}", number % 500))
}
