//! What `LOG_LEVEL` says, as directives for `tracing_subscriber::EnvFilter`.
//!
//! `EnvFilter` by itself takes every word that is no level for the name of a target, so that `inof` would log nothing
//! at all. And a level alone would let libraries log as well: lapin prints the bodies and headers of messages that the
//! broker returns, which are donors' data. So a level alone is for the service's own targets, and another target logs
//! only if it is named.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// The targets of the service's own lines; each stands for all that begin like it.
const OURS: [&str; 2] = ["totals", "access"];

/// The directives; `None` if a part of the text is neither a level nor `TARGET=LEVEL`.
pub fn directives(text: &str) -> Option<String> {
    let (mut ours, mut named) = (Vec::new(), Vec::new());
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        // In full it is `TARGET[SPAN{FIELD=VALUE}]=LEVEL`, and behind a span the level may be left out.
        let (span, rest) = part.split_at(part.rfind(']').map_or(0, |end| end + 1));
        match rest.split_once('=') {
            Some((target, word)) if !span.is_empty() || is_target(target) => {
                named.push(format!("{span}{}={}", target.trim(), level(word)?));
            }
            Some(_) => return None,
            None if span.is_empty() => {
                let level = level(part)?;
                ours = OURS.map(|target| format!("{target}={level}")).to_vec();
            }
            None => named.push(part.to_owned()),
        }
    }
    // What is named comes last and so wins.
    ours.append(&mut named);
    let directives = ours.join(",");
    let usable = !directives.is_empty() && EnvFilter::try_new(&directives).is_ok();
    usable.then_some(directives)
}

fn level(word: &str) -> Option<LevelFilter> {
    match word.trim() {
        // `EnvFilter` takes it for `trace`, and `LevelFilter` for `error`.
        "" => None,
        word if word.eq_ignore_ascii_case("warning") => Some(LevelFilter::WARN),
        // It would take a number as well.
        word if word.chars().all(|c| c.is_ascii_alphabetic()) => word.parse().ok(),
        _ => None,
    }
}

/// Returns true if a module or a crate can be called this. A binary's own name is none: its target has a `_`.
fn is_target(name: &str) -> bool {
    let name = name.trim();
    !name.is_empty()
        && level(name).is_none()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_:.".contains(c))
}
