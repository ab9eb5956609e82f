//! The dead-letter queue: every message that cannot be applied, with its reason, and nothing else.

use std::collections::HashSet;

use harness::DeadLetter;
use lapin::types::AMQPValue;

use super::Findings;
use super::log::Log;
use crate::oracle::{Oracle, fingerprint};

/// Headers without which nobody can tell why a message is there, and from where it came.
const HEADERS: [&str; 5] = [
    "x-reason",
    "x-reason-code",
    "x-original-exchange",
    "x-original-routing-key",
    "x-failed-at",
];

/// Checks what was in the queue.
pub fn check(letters: &[DeadLetter], oracle: &Oracle, log: &Log, findings: &mut Findings) {
    let mut copies = HashSet::new();
    for letter in letters {
        let found = fingerprint(&letter.body);
        copies.insert(found);
        let doomed = oracle.doomed.get(&found).map(|doomed| doomed.code);
        let refused = || {
            let number = oracle
                .refusable
                .get(&found)
                .filter(|number| !log.processed[**number])?;
            oracle.rivals.get(number).map(|(_, rivalry)| rivalry.code())
        };
        match doomed.or_else(refused) {
            Some(code) => check_headers(letter, code, findings),
            None => findings.add(format!("unexpected dead letter: {}", shown(&letter.body))),
        }
    }

    let mut failures = HashSet::new();
    for (body, doomed) in &oracle.doomed {
        if !copies.contains(body) {
            findings.add(format!("lost: not dead-lettered: {doomed:?}"));
        }
        failures.insert((doomed.id.clone(), doomed.code.to_owned()));
    }
    for (body, number) in oracle
        .refusable
        .iter()
        .filter(|(_, number)| !log.processed[**number])
    {
        let (_, rivalry) = oracle.rivals[number];
        if !copies.contains(body) {
            findings.add(format!(
                "lost: not dead-lettered with {}: {:?}",
                rivalry.code(),
                oracle.facts[*number]
            ));
        }
        failures.extend(oracle.id_of(*number).map(|id| (id, rivalry.code().to_owned())));
    }
    for missing in failures
        .difference(&log.failed)
        .filter(|(id, _)| !log.ids.contains(id))
    {
        findings.add(format!("the log does not know that this failed: {missing:?}"));
    }
    for unexpected in log.failed.difference(&failures) {
        findings.add(format!("the log has a failure that was none: {unexpected:?}"));
    }
}

fn check_headers(letter: &DeadLetter, code: &str, findings: &mut Findings) {
    let headers = letter.properties.headers().clone().unwrap_or_default();
    let text = |name: &str| match headers.inner().get(name) {
        Some(AMQPValue::LongString(text)) if !text.as_bytes().is_empty() => Some(text.to_string()),
        _ => None,
    };
    for name in HEADERS.into_iter().filter(|name| text(name).is_none()) {
        findings.add(format!("a dead letter lacks {name}: {}", shown(&letter.body)));
    }
    let found = text("x-reason-code").unwrap_or_default();
    findings.compare(
        format!("reason of {}", shown(&letter.body)),
        &code,
        &found.as_str(),
    );
}

fn shown(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(200)])
        .trim()
        .to_owned()
}
