//! A donor who is forgotten is nowhere any more, and counts as before.

mod letters;
mod traces;
mod workers;

use mongodb::bson::doc;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::events::{Event, campaign_created, campaign_updated, created, paid, payment_refunded, refunded};
use crate::harness::{DEADLINE, EventStream, Outgoing, Process, World, eventually};
use crate::tool::{self, tool};
use traces::{expect_nowhere, expect_somewhere, letters};

/// Has what encoders escape.
const DONOR: &str = "users/ada-ü-1815";
const NAME: &str = "Ada Lovelace";
const EMAIL: &str = "ada@analytical.example";
const GUEST: &str = "Grace Hopper";

/// What must be nowhere.
const PERSONAL: [&str; 3] = [DONOR, "Lovelace", EMAIL];

/// A donation with all that is personal in it.
fn of_ada(event: &str, donation: &str) -> Event {
    let now = totals_core::domain::Timestamp::now().to_string();
    created(event, donation)
        .donor(DONOR)
        .with("donorName", json!(NAME))
        .with("isAnonymous", json!(false))
        .with("contact", json!({ "email": EMAIL, "ids": [DONOR] }))
        .with("timestamp", json!(now))
        .at(&now)
}

/// Donations of the donor and of others, what belongs to them, and what names the donor besides.
fn history() -> Vec<Outgoing> {
    let guest = created("e5", "d5")
        .with("isGuest", json!(true))
        .with("donorId", json!(DONOR));
    vec![
        of_ada("e1", "d1").into(),
        of_ada("e2", "d2").into(),
        of_ada("e3", "d3").campaign("other").amount(7.5).into(),
        created("e4", "d4")
            .donor("bob")
            .with("donorName", json!("Bob"))
            .with("askedByUserId", json!(DONOR))
            .into(),
        guest.with("donorName", json!(NAME)).into(),
        paid("p1", "d1")
            .with("metadata", json!({ "email": EMAIL, "payer": NAME }))
            .into(),
        payment_refunded("p2", "d5")
            .with("reason", json!(format!("{NAME} asked")))
            .into(),
        refunded("r3", "d3")
            .amount(2.5)
            .with("reason", json!(format!("{EMAIL} asked")))
            .into(),
        campaign_created("k1")
            .with("ownerId", json!(DONOR))
            .with("title", json!("Engines"))
            .into(),
        campaign_updated("k2", json!({ "category": "Engines" }))
            .with("owner", json!({ "id": DONOR, "name": NAME }))
            .into(),
        created("e6", "d6")
            .donor("bob")
            .campaign("third")
            .with("referrerId", json!(DONOR))
            .with("friends", json!([{ "userId": DONOR, "name": NAME }]))
            .into(),
    ]
}

/// Messages that cannot be applied.
fn broken() -> Vec<Outgoing> {
    let cut = format!(r#"{{"eventId":"b3","payload":{{"donorId":"{DONOR}","donorName":"{NAME}"#);
    let of_donation = format!(r#"{{"eventId":"b13","payload":{{"donationId":"d1","donorName":"{NAME}"#);
    let escaped = cut
        .replace("b3", "b7")
        .replace('/', r"\/")
        .replace('ü', r"\u00fc");
    let wide = |event, donation, bytes: fn(u16) -> [u8; 2], mark: &str| {
        let body = format!("{mark}{}", of_ada(event, donation).body());
        let body: Vec<u8> = body.encode_utf16().flat_map(bytes).collect();
        Outgoing::new("donation.created", body)
    };
    let named =
        |event, donation, donor| -> Outgoing { of_ada(event, donation).with("donorId", donor).into() };
    vec![
        Outgoing::new("donation.created", escaped),
        Outgoing::new("donation.created", of_donation),
        wide("b8", "d10", u16::to_le_bytes, "\u{feff}"),
        wide("b9", "d10", u16::to_be_bytes, ""),
        named("b10", "d11", json!({ "id": DONOR, "name": NAME })),
        named("b11", "d12", json!([DONOR])),
        Outgoing::new("donation.created", format!("from {NAME}"))
            .header("donorId", DONOR)
            .header("n", NAME),
        created("b12", "d13")
            .donor("bob")
            .amount_text("-1")
            .header("x-friend", DONOR),
        of_ada("b1", "d7").amount_text(r#""ten""#).header("x-user", DONOR),
        of_ada("e1", "d1").amount(99.0).into(),
        Outgoing::new("donation.created", cut),
        of_ada("b4", "d8").with("isGuest", json!(NAME)).into(),
        refunded("b5", "d2").with("reason", json!(EMAIL)).amount_text("0"),
        created("b6", "d9")
            .donor("bob")
            .with("donorName", json!("Bob"))
            .amount_text("-1"),
    ]
}

async fn forget(world: &World, code: i32, whom: &[&str]) -> Value {
    tool::json(world, code, &[&["forget", "--yes"], whom].concat()).await
}

async fn verify(world: &World) {
    let said = tool(world, &["verify"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
}

async fn all_totals(world: &World) -> [Option<(i64, i64, i64)>; 2] {
    [
        world.database.totals("c").await,
        world.database.totals("other").await,
    ]
}

/// A world with all of it counted and parked.
async fn told() -> (World, Process) {
    let world = World::new().await;
    let worker = world.worker().await;
    let history = history();
    let count = history.len();
    world.publish_one_by_one(history).await;
    world.publish(broken()).await;
    world.expect_settled(count).await;
    world
        .expect_queued(&world.broker.dead_letter_queue, broken().len())
        .await;
    let failed = async || {
        let failed = doc! { "status": "FAILED" };
        let log = world.database.collection("event_log");
        log.count_documents(failed).await.unwrap()
    };
    let all = broken().len() as u64;
    eventually(failed, |rows| *rows == all).await;
    (world, worker)
}

#[tokio::test]
async fn who_is_forgotten_is_nowhere_any_more_and_counts_as_before() {
    let (world, worker) = told().await;
    let api = world.live_api(&[("DONATION_FEED", "names")]).await;
    let feed = "/api/totals/campaigns/c/donations";
    assert!(api.text(feed).await.contains(NAME));
    for text in PERSONAL {
        expect_somewhere(&world, text).await;
    }
    let before = all_totals(&world).await;
    assert_eq!(before, [Some((4000, 4, 2)), Some((500, 1, 1))]);

    let said = tool(&world, &["forget", "--donor", DONOR]).await;
    said.expect_refusal("add --yes");
    expect_somewhere(&world, EMAIL).await;

    let done = forget(&world, 0, &["--donor", DONOR]).await;
    let counts = [
        "donations",
        "campaigns",
        "failures",
        "deadLetters",
        "unreadableLetters",
        "unfinished",
    ];
    let counts = counts.map(|name| done[name].clone());
    // d1, d2, d3, d5, and d7, d8, d11 and d12, which are in letters alone.
    assert_eq!(
        counts,
        [json!(8), json!(2), json!(11), json!(7), json!(6), json!(false)],
        "{done}"
    );

    assert_eq!(all_totals(&world).await, before);
    verify(&world).await;
    world.database.check_invariants().await;
    for text in PERSONAL {
        expect_nowhere(&world, text).await;
    }
    assert!(!done.to_string().contains(DONOR));
    eventually(
        async || api.text(feed).await,
        |text| !text.contains(NAME) && text.contains("amount"),
    )
    .await;
    for process in [&worker, &api] {
        let log = process.log();
        assert!(PERSONAL.iter().all(|text| !log.contains(text)), "{log}");
    }
    expect_somewhere(&world, "Bob").await;
    let owner = world.database.row("k1").await.unwrap();
    assert!(owner.get_str("payload").unwrap().contains("Engines"));
    let random = donors(&world, &["d1", "d2", "d3"]).await;
    assert!(
        random[0].starts_with("forgotten_") && random.iter().all(|id| *id == random[0]),
        "{random:?}"
    );
    let again = forget(&world, 1, &["--donor", DONOR]).await;
    assert_eq!((&again["rows"], &again["deadLetters"]), (&json!(0), &json!(0)));
}

/// The name stands in what is sent to watchers until they are sent something else.
#[tokio::test]
async fn names_are_gone_from_streams_that_are_open() {
    let (world, _worker) = told().await;
    let api = world.live_api(&[("DONATION_FEED", "names")]).await;
    let url = format!("{}/api/totals/campaigns/c/donations/stream", api.url);
    let mut stream = EventStream::open(&url, None).await;
    assert!(stream.next().await.unwrap().data.to_string().contains(NAME));
    forget(&world, 0, &["--donor", DONOR]).await;
    let next = timeout(DEADLINE, stream.next()).await;
    let next = next.expect("nothing but heartbeats").unwrap().data;
    assert!(!next.to_string().contains(NAME), "{next}");
    assert_eq!(next["donations"].as_array().map(Vec::len), Some(2), "{next}");
}

/// The donors of these donations.
async fn donors(world: &World, donations: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for id in donations {
        let donation = world
            .database
            .collection("donations")
            .find_one(doc! { "_id": id })
            .await;
        found.push(donation.unwrap().unwrap().get_str("donorId").unwrap().to_owned());
    }
    found
}

#[tokio::test]
async fn what_comes_later_of_who_was_forgotten_is_taken_for_what_it_is() {
    let (world, _worker) = told().await;
    forget(&world, 0, &["--donor", DONOR]).await;
    let (before, letters_before) = (all_totals(&world).await, letters(&world).await.len());
    let processed = world.database.processed().await;

    // A copy, and the same donation told by another event: both are known.
    world.publish([of_ada("e1", "d1"), of_ada("e9", "d1")]).await;
    world
        .publish([refunded("r1", "d1").campaign("c").amount(4.0)])
        .await;
    world.expect_settled(processed + 1).await;
    assert_eq!(world.database.totals("c").await, Some((3600, 4, 2)));
    assert_eq!(world.database.row("e9").await, None);
    world
        .publish([refunded("r1b", "d1").amount(6.0), refunded("r2", "d2")])
        .await;
    world.expect_settled(processed + 3).await;
    assert_eq!(world.database.totals("c").await, Some((2000, 2, 1)));
    assert_eq!(world.database.totals("other").await, before[1]);
    verify(&world).await;

    // Another amount is a conflict, as it always was.
    world.publish([of_ada("e1", "d1").amount(11.0)]).await;
    world
        .expect_queued(&world.broker.dead_letter_queue, letters_before + 1)
        .await;

    // What is left of a letter can still be mended and counted.
    let file = tempfile::NamedTempFile::new().unwrap();
    let letter = letters(&world)
        .await
        .into_iter()
        .find(|it| it.contains("\"b1\""))
        .unwrap();
    let body = letter.lines().next().unwrap();
    std::fs::write(file.path(), body.replace("\"ten\"", "10")).unwrap();
    let body = file.path().to_str().unwrap();
    let said = tool(&world, &["dead-letters", "replay", "--id", "b1", "--body", body]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    world.expect_settled(processed + 4).await;
    assert_eq!(world.database.totals("c").await, Some((3000, 3, 2)));
    verify(&world).await;
}

#[tokio::test]
async fn a_guest_is_forgotten_by_the_donation_and_a_donor_by_any_of_them() {
    let (world, _worker) = told().await;
    let guest = created("g1", "guest-1")
        .with("isGuest", json!(true))
        .with("donorName", json!(GUEST));
    world
        .publish([
            guest.with("isAnonymous", json!(false)),
            created("g2", "guest-2").with("donorName", json!("Bob")),
        ])
        .await;
    world
        .publish([paid("g3", "guest-1").with("metadata", json!({ "email": GUEST }))])
        .await;
    eventually(
        || world.database.processed(),
        |processed| *processed == history().len() + 3,
    )
    .await;
    // The guest has logged in meanwhile.
    let late = created("g4", "guest-1").donor("late");
    world.publish([late.with("donorName", json!(GUEST))]).await;
    let letters = broken().len() + 1;
    world
        .expect_queued(&world.broker.dead_letter_queue, letters)
        .await;
    let before = all_totals(&world).await;
    let done = forget(&world, 0, &["--donation", "guest-1"]).await;
    assert_eq!(
        (&done["donations"], &done["rows"], &done["deadLetters"]),
        (&json!(1), &json!(2), &json!(1)),
        "{done}"
    );
    for text in [GUEST, "\"late\""] {
        expect_nowhere(&world, text).await;
    }
    // A second run finds nothing, also where the guest's own event names a donor.
    forget(&world, 1, &["--donation", "guest-1"]).await;
    forget(&world, 0, &["--donation", "d5"]).await;
    forget(&world, 1, &["--donation", "d5"]).await;
    expect_somewhere(&world, NAME).await;

    forget(&world, 0, &["--donation", "d3"]).await;
    for text in PERSONAL {
        expect_nowhere(&world, text).await;
    }
    assert_eq!(all_totals(&world).await, before);
    verify(&world).await;
    forget(&world, 1, &["--donation", "d3"]).await;
    forget(&world, 1, &["--donation", "nothing"]).await;
}

#[tokio::test]
async fn a_run_that_is_killed_is_completed_by_the_next_one() {
    const CAMPAIGNS: usize = 400;
    let world = World::new().await;
    let worker = world.worker().await;
    let donation = |number: usize| {
        of_ada(&format!("e{number}"), &format!("d{number}")).campaign(&format!("c{}", number / 3))
    };
    world.publish((0..3 * CAMPAIGNS).map(donation)).await;
    world.expect_settled(3 * CAMPAIGNS).await;
    let mut command = world.worker_command();
    command.args(["forget", "--yes", "--donor", DONOR]);
    let run = Process::spawn(command);
    eventually(|| moved(&world), |moved| *moved > 0).await;
    run.kill().await;
    let part = moved(&world).await;
    assert!(part < 3 * CAMPAIGNS as u64, "the kill came midway");
    verify(&world).await;
    let id: Vec<String> = distinct_donors(&world).await;
    let id = id.iter().find(|id| *id != DONOR).unwrap().clone();

    forget(&world, 0, &["--donor", DONOR]).await;
    assert_eq!(distinct_donors(&world).await, [id]);
    for text in PERSONAL {
        expect_nowhere(&world, text).await;
    }
    verify(&world).await;
    world.database.check_invariants().await;
    drop(worker);
}

/// Runs `forget` at a terminal of its own, and types this.
async fn at_a_terminal(world: &World, typed: &str) -> (Option<i32>, String) {
    let (mut terminal, program_side) = pty_process::open().unwrap();
    let command = pty_process::Command::from(world.worker_command());
    let command = command.args(["forget", "--donor", DONOR]).kill_on_drop(true);
    let mut running = command.spawn(program_side).unwrap();
    let mut shown = Vec::new();
    while !shown.ends_with(b"Type yes: ") {
        let read = timeout(DEADLINE, terminal.read_buf(&mut shown)).await;
        let said = String::from_utf8_lossy(&shown);
        assert!(
            matches!(read, Ok(Ok(1..))),
            "it ended or stayed silent before it asked: {said}"
        );
    }
    terminal.write_all(typed.as_bytes()).await.unwrap();
    let ended = timeout(DEADLINE, async {
        // A terminal without a program is not at an end, but an error.
        let _ = terminal.read_to_end(&mut shown).await;
        running.wait().await.unwrap()
    });
    let ended = ended.await;
    let shown = String::from_utf8(shown).unwrap();
    let ended = ended.unwrap_or_else(|_| panic!("it goes on after {typed:?}: {shown}"));
    (ended.code(), shown)
}

#[tokio::test]
async fn nothing_is_erased_unless_a_person_types_yes() {
    let (world, _worker) = told().await;
    for (typed, code) in [("no\n", 2), ("y\n", 2), ("\u{4}", 2), ("\u{3}", 2)] {
        let (ended, shown) = at_a_terminal(&world, typed).await;
        assert_eq!(ended, Some(code), "{typed:?}: {shown}");
    }
    for text in PERSONAL {
        expect_somewhere(&world, text).await;
    }
    let said = tool(&world, &["forget", "--donor", DONOR]).await;
    said.expect_refusal("add --yes");
    let (ended, shown) = at_a_terminal(&world, "yes\n").await;
    assert_eq!(ended, Some(0), "{shown}");
    for text in PERSONAL {
        expect_nowhere(&world, text).await;
    }
}

#[tokio::test]
async fn the_answer_counts_as_people_do_and_a_random_id_is_explained() {
    let world = World::new().await;
    let _worker = world.worker().await;
    world.publish([of_ada("e1", "d1")]).await;
    world.expect_settled(1).await;
    let said = tool(&world, &["forget", "--yes", "--donor", DONOR]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let expected =
        "erased the personal data in 1 log row, 0 rows of failures and 0 dead letters, of 1 donation\n";
    let answer = String::from_utf8_lossy(&said.stdout);
    assert!(answer.ends_with(expected), "{answer}");
    let random = distinct_donors(&world).await.remove(0);
    let said = tool(&world, &["forget", "--yes", "--donor", &random]).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    let answer = String::from_utf8_lossy(&said.stdout);
    assert!(answer.contains("takes the place of a donor"), "{answer}");
}

async fn distinct_donors(world: &World) -> Vec<String> {
    let donors = world
        .database
        .collection("donations")
        .distinct("donorId", doc! {})
        .await;
    donors
        .unwrap()
        .into_iter()
        .map(|id| id.as_str().unwrap().to_owned())
        .collect()
}

/// How many donations have got another donor.
async fn moved(world: &World) -> u64 {
    let moved = doc! { "donorId": { "$ne": DONOR } };
    let donations = world.database.collection("donations");
    donations.count_documents(moved).await.unwrap()
}
