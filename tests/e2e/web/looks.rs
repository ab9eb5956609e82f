//! How the windows look where people see them: on a phone and on a wall, in the dark, from right to left, without motion.
//!
//! Each test leaves pictures in target/web, for people.

use serde_json::{Value, json};
use totals_core::domain::Timestamp;

use super::browser::Browser;
use super::{Page, Stage};
use crate::events::{campaign_created, created};
use crate::harness::{Outgoing, World};

/// Where a number, a title or a bar goes beyond the window, or text beyond what surrounds it.
const OVERFLOWS: &str = r"
    const beyond = [];
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth > width) beyond.push(`the page is ${document.documentElement.scrollWidth} wide`);
    for (const element of find('h1, h2, h3, a, p, .number, .room, .track, .caption, .detail, article, [role=progressbar]')) {
        const { left, right, width: own } = element.getBoundingClientRect();
        if (own > 0 && (left < -1 || right > width + 1)) beyond.push(`${element.localName}.${element.className} ${left} to ${right}`);
    }
    for (const room of find('.room')) {
        const number = room.querySelector('.number');
        if (number && number.getBoundingClientRect().width > room.getBoundingClientRect().width + 1) beyond.push(`the number ${number.textContent}`);
    }
    beyond";

async fn fits(page: &Page, what: &str) {
    page.until(OVERFLOWS, |beyond| *beyond == json!([])).await;
    let file = dev_services::directories::target().join(format!("web/{what}.png"));
    page.save_picture(&file).await;
}

/// Campaigns as they are in the world: a number of millions, a goal passed, long titles in several scripts, and one with nothing yet.
async fn furnish(stage: &Stage) {
    let long = "Un techo para cada familia de San Isidro de los Desamparados y sus alrededores, antes de la temporada de lluvias";
    let mut messages: Vec<Outgoing> = Vec::new();
    for (id, title, goal, amount) in [
        ("huge", "A well for every village", 10_000_000.0, 9_876_543.21),
        ("arabic", "كتاب لكل طفل في المدارس البعيدة", 5_000.0, 7_250.5),
        ("long", long, 100.0, 3.0),
        ("kodomo", "こども食堂に温かいごはんを", 20_000.0, 19_999.99),
    ] {
        let campaign = campaign_created(&format!("{id}-event")).campaign(id);
        messages.push(
            campaign
                .with("title", json!(title))
                .with("goalAmount", json!(goal))
                .into(),
        );
        messages.push(
            created(&format!("{id}-gift"), &format!("{id}-gift"))
                .campaign(id)
                .amount(amount)
                .donor("u")
                .into(),
        );
    }
    stage.world.publish(messages).await;
    stage.world.expect_totals("kodomo", 1_999_999, 1, 1).await;
}

const PATHS: [(&str, &str, &str); 5] = [
    ("/", "platform-total", "home"),
    ("/campaigns/huge", "campaign-total", "huge"),
    ("/campaigns/arabic", "campaign-total", "arabic"),
    ("/campaigns/long", "campaign-total", "long"),
    ("/campaigns/c", "campaign-total", "nothing-yet"),
];

/// Waits until every number of the page is there.
async fn ready(page: &Page, total: &str) {
    let states = format!(
        "find('campaign-total, platform-total').map((element) => element.dataset.state ?? 'loading').concat(find({total:?}).length === 0 ? 'missing' : [])"
    );
    let there = |states: &Value| {
        states
            .as_array()
            .unwrap()
            .iter()
            .all(|state| state == "live" || state == "none")
    };
    page.until(&states, |states| {
        !states.as_array().unwrap().is_empty() && there(states)
    })
    .await;
    if total == "platform-total" {
        page.until("document.documentElement.classList.contains('wall') ? 5 : find('campaign-card campaign-total').length", |cards| *cards == 5)
            .await;
        page.until(&states, there).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_fits_on_a_phone_a_desk_and_a_wall_in_both_directions() {
    let stage = Stage::new().await;
    furnish(&stage).await;
    for (width, height) in [(360, 740), (1280, 900), (3840, 2160)] {
        for lang in ["en", "ar", "de"] {
            for (path, total, name) in PATHS {
                let page = stage.browser.page().await;
                page.resize(width, height).await;
                let wall = if width > 2_000 { "&wall" } else { "" };
                page.open(&format!("{}{path}?lang={lang}{wall}", stage.api.url))
                    .await;
                ready(&page, total).await;
                fits(&page, &format!("{name}-{width}-{lang}")).await;
                let direction = page.run("getComputedStyle(document.body).direction").await;
                assert_eq!(direction, if lang == "ar" { "rtl" } else { "ltr" });
                page.call("Page.close", json!({})).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_title_that_cannot_break_widens_nothing() {
    let stage = Stage::new().await;
    let marks = format!("Z{}", "\u{20dd}".repeat(340));
    let campaign = campaign_created("marks")
        .campaign("marks")
        .with("title", json!(marks));
    stage
        .world
        .publish([
            Outgoing::from(campaign),
            created("e1", "d1").campaign("marks").into(),
        ])
        .await;
    stage.world.expect_totals("marks", 1_000, 1, 0).await;
    for (path, total) in [
        ("/", "campaign-card campaign-total"),
        ("/campaigns/marks", "campaign-total"),
        ("/campaigns/marks?wall", "campaign-total"),
        ("/overlay/marks", "campaign-total"),
        ("/overlay/marks?style=number", "campaign-total"),
    ] {
        let page = stage.browser.page().await;
        page.resize(1280, 720).await;
        page.open(&format!("{}{path}", stage.api.url)).await;
        page.shows(total, 1_000).await;
        page.until("seen()", |text| text.as_str().unwrap().contains('\u{20dd}'))
            .await;
        let size = "[document.documentElement.scrollWidth, document.documentElement.style.getPropertyValue('--size')]";
        let wanted = json!([1280, if path.starts_with("/overlay") { "1" } else { "" }]);
        page.until(size, |size| *size == wanted).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_an_overlay_is_on_a_narrow_canvas() {
    let stage = Stage::new().await;
    stage.donate(0..5).await;
    for style in ["bar", "number", "thermometer"] {
        let page = stage.browser.page().await;
        page.resize(200, 800).await;
        page.open(&format!("{}/overlay/c?style={style}", stage.api.url))
            .await;
        page.shows("campaign-total", 5_000).await;
        let outside = "
            const plate = find('.plate')[0].getBoundingClientRect();
            const parts = find('.number, .track, .share, .caption').filter((part) => part.getBoundingClientRect().width > 0);
            parts.filter((part) => part.getBoundingClientRect().right > plate.right + 1).map((part) => part.className)";
        page.until(outside, |outside| *outside == json!([])).await;
        fits(&page, &format!("overlay-200-{style}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bar_is_printed_although_it_is_a_background() {
    let stage = Stage::new().await;
    stage.donate(0..5).await;
    let page = stage.page("/campaigns/c").await;
    page.shows("campaign-total", 5_000).await;
    let parts = "find('.tube, .fill, .beyond, .mark').map((part) => getComputedStyle(part).printColorAdjust)";
    page.until(parts, |parts| {
        *parts == json!(["exact", "exact", "exact", "exact"])
    })
    .await;
}

/// Keeps what a chart has written since it was last wiped.
const KEEP_DRAWN: &str = "
    globalThis.drawn = [];
    const { fillText, clearRect } = CanvasRenderingContext2D.prototype;
    CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) { drawn.push(text); fillText.call(this, text, ...rest); };
    CanvasRenderingContext2D.prototype.clearRect = function (...rest) { drawn = []; clearRect.call(this, ...rest); };";

#[tokio::test(flavor = "multi_thread")]
async fn a_wide_chart_of_some_days_names_each_day_once() {
    let stage = Stage::new().await;
    let days_ago = Timestamp::from_unix_millis(Timestamp::now().unix_millis() - 6 * 86_400_000).unwrap();
    let days_ago = days_ago.to_string();
    let gift = created("e1", "d1")
        .at(&days_ago)
        .with("timestamp", json!(days_ago));
    stage.world.publish([gift]).await;
    stage.world.expect_totals("c", 1_000, 1, 0).await;
    let page = stage.browser.page().await;
    page.before_each(KEEP_DRAWN).await;
    page.resize(3840, 2160).await;
    page.open(&format!("{}/campaigns/c", stage.api.url)).await;
    let days = "drawn.filter((text) => /^[A-Z][a-z]+ \\d+$/.test(text))";
    let days = page.until(days, |days| days.as_array().unwrap().len() > 3).await;
    let mut once = days.as_array().unwrap().clone();
    once.dedup();
    assert_eq!(days, json!(once));
}

/// How far the chip of a card reaches over its number, in pixels; `null` until there is one and the number has counted.
const COVERED: &str = "
    const [total] = find('campaign-card campaign-total');
    const [chip, number] = ['.chip', '.number'].map((part) => total?.shadowRoot.querySelector(part));
    const isCounted = number?.textContent.replace(/\\D/g, '') === total?.dataset.amountMinor;
    const [over, under] = [chip, number].map((element) => element?.getBoundingClientRect());
    chip?.textContent && isCounted ? Math.max(0, Math.min(over.right, under.right) - Math.max(over.left, under.left)) : null";

#[tokio::test(flavor = "multi_thread")]
async fn a_chip_on_a_card_covers_nothing_of_its_number() {
    let stage = Stage::new().await;
    let page = stage.browser.page().await;
    page.resize(360, 740).await;
    let gift = |name: &str, amount: f64| created(name, name).amount(amount);
    stage.world.publish([gift("first", 41_000.65)]).await;
    stage.world.expect_totals("c", 4_100_065, 1, 0).await;
    for (number, lang) in ["ar", "en", "fr"].into_iter().enumerate() {
        page.open(&format!("{}/?lang={lang}", stage.api.url)).await;
        page.until(
            "find('campaign-card campaign-total')[0]?.dataset.state",
            |state| state == "live",
        )
        .await;
        let gift = gift(&format!("then{number}"), 150.15);
        stage.world.publish([gift]).await;
        let covered = page.until(COVERED, |covered| !covered.is_null()).await;
        assert_eq!(covered, 0, "{lang}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_number_on_a_wall_is_legible_from_ten_metres() {
    let stage = Stage::new().await;
    furnish(&stage).await;
    let page = stage.browser.page().await;
    page.resize(3840, 2160).await;
    page.open(&format!("{}/campaigns/huge?wall", stage.api.url)).await;
    ready(&page, "campaign-total").await;
    // On a screen of 1.2 m height 12 cm are a tenth of it; letters are to be 1/200 of the distance (5 cm), so this has room.
    let height = page
        .run("find('.number')[0].getBoundingClientRect().height")
        .await;
    assert!(height.as_f64().unwrap() > 216.0, "{height}");
}

/// What of a wall is not on its screen.
const OFF_SCREEN: &str = "
    find('h1, .number, .detail, .track, .caption, .name, time, footer').flatMap((element) => {
        const { top, bottom, left, right, width } = element.getBoundingClientRect();
        const isOff = width > 0 && (top < -1 || bottom > innerHeight + 1 || left < -1 || right > innerWidth + 1);
        return isOff ? [`${element.localName}.${element.className} ${left},${top} to ${right},${bottom}`] : [];
    })";

#[tokio::test(flavor = "multi_thread")]
async fn all_of_a_wall_is_on_its_screen_whatever_is_said() {
    let world = World::new().await;
    let feed = [("DONATION_FEED", "names")];
    let (_worker, api, browser) = tokio::join!(world.worker(), world.live_api(&feed), Browser::start());
    let name = "Maximiliane-Theodora von und zu Hohenschwangau-Lichtenstein ".repeat(2);
    let titles = [
        ("none", String::new()),
        (
            "ordinary",
            "Together for clean water in the villages around Ngara".to_owned(),
        ),
        ("longest", "A roof for every family ".repeat(42)),
        (
            "wide",
            "湖の周りのすべての村に清潔な水を届けるキャンペーン".repeat(8),
        ),
        ("word", "W".repeat(300)),
    ];
    let (mut messages, now) = (Vec::<Outgoing>::new(), Timestamp::now().to_string());
    for (id, title) in &titles {
        let campaign = campaign_created(&format!("{id}-event")).campaign(id);
        let campaign = campaign
            .with("title", json!(title))
            .with("goalAmount", json!(1_000));
        messages.push(campaign.with("endDate", json!("2099-01-01T00:00:00Z")).into());
        let donation = created(&format!("{id}-gift"), &format!("{id}-gift")).campaign(id);
        let donation = donation
            .amount(9_876_543_210.12)
            .with("donorName", json!(name))
            .with("isAnonymous", json!(false))
            .with("timestamp", json!(now));
        messages.push(donation.at(&now).into());
    }
    world.publish(messages).await;
    world.expect_totals("word", 987_654_321_012, 1, 0).await;
    let page = browser.page().await;
    for (width, height) in [(1280, 720), (3840, 2160), (3840, 600), (1080, 1920)] {
        page.resize(width, height).await;
        for (id, _) in &titles {
            page.open(&format!("{}/campaigns/{id}?wall", api.url)).await;
            page.shows("campaign-total", 987_654_321_012).await;
            page.until("find('time').length", |times| *times == 1).await;
            page.until(OFF_SCREEN, |off| *off == json!([])).await;
            let file = format!("web/wall-{id}-{width}.png");
            page.save_picture(&dev_services::directories::target().join(file))
                .await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_dark_the_page_is_dark() {
    let stage = Stage::new().await;
    furnish(&stage).await;
    let brightness = "[document.body, document.documentElement].map((element) => getComputedStyle(element).backgroundColor)
        .find((colour) => colour !== 'rgba(0, 0, 0, 0)').match(/[\\d.]+/g).slice(0, 3).map(Number).reduce((a, b) => a + b)";
    let page = stage.browser.page().await;
    for (scheme, is_dark) in [("light", false), ("dark", true)] {
        page.prefer(&[("prefers-color-scheme", scheme)]).await;
        page.open(&format!("{}/campaigns/huge", stage.api.url)).await;
        ready(&page, "campaign-total").await;
        let sum = page.run(brightness).await.as_f64().unwrap();
        assert_eq!(sum < 200.0, is_dark, "{scheme}: {sum}");
        fits(&page, &format!("huge-{scheme}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_no_motion_sees_none() {
    let stage = Stage::new().await;
    // A first number does not count up, whatever is wanted.
    stage.donate(0..1).await;
    stage.world.expect_totals("c", 1_000, 1, 0).await;
    let page = stage.browser.page().await;
    // Every frame in which something moves, but for a fade.
    let watch = "
        globalThis.moved = []; globalThis.seenNumbers = [];
        const look = () => {
            for (const animation of find('.chip').flatMap((chip) => chip.getAnimations())) {
                const frames = animation.effect?.getKeyframes() ?? [];
                if (frames.some((frame) => ['transform', 'translate', 'scale', 'inlineSize', 'width'].some((name) => frame[name] !== undefined && frame[name] !== 'none')))
                    moved.push(`${animation.effect.target?.className} ${JSON.stringify(frames[0])}`);
            }
            const number = find('campaign-total')[0]?.shadowRoot.querySelector('.number')?.textContent;
            if (number && seenNumbers.at(-1) !== number) seenNumbers.push(number);
            requestAnimationFrame(look);
        };
        look();";
    for (preference, still) in [("reduce", true), ("no-preference", false)] {
        page.prefer(&[("prefers-reduced-motion", preference)]).await;
        page.open(&format!("{}/campaigns/c", stage.api.url)).await;
        let before = stage.world.database.totals("c").await.unwrap().0;
        page.until("find('campaign-total')[0]?.dataset.state", |state| {
            state == "live" || state == "none"
        })
        .await;
        page.run(watch).await;
        let first = usize::try_from(before).unwrap() / 1_000;
        stage.donate(first..first + 5).await;
        page.shows("campaign-total", before + 5_000).await;
        // Long enough for a count and a chip.
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        let (moved, numbers) = (page.run("moved").await, page.run("seenNumbers").await);
        let [moved, numbers] = [moved, numbers].map(|list: Value| list.as_array().unwrap().len());
        if still {
            assert_eq!(moved, 0);
            assert!(numbers <= 3, "{numbers} numbers");
        } else {
            assert!(
                numbers > 3,
                "a count should be seen where motion is wanted, not {numbers} numbers"
            );
        }
    }
}
