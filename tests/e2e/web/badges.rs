//! Badges as a browser draws them, in a page of another site.

use serde_json::json;

use super::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn a_badge_is_a_picture_whose_text_stays_in_its_boxes() {
    let stage = Stage::new().await;
    stage.donate(0..5).await;
    stage.world.expect_totals("c", 5_000, 5, 0).await;
    let page = stage.browser.page().await;
    for label in [
        "raised",
        "تبرعات",
        "集まった寄付",
        "जुटाई गई राशि",
        "WWWWWWWWWWWWWWW",
        "👩‍👩‍👧‍👦 raised",
        "e\u{301}e\u{301}e\u{301}",
    ] {
        let url = format!("{}/badge/c.svg?label={}", stage.api.url, encoded(label));
        page.open(&format!("{}/livez", stage.api.url)).await;
        let load = format!(
            "(async () => {{ const image = new Image(); image.src = {url:?}; await image.decode(); return image.naturalWidth; }})()"
        );
        let width = page.run(&load).await.as_u64().unwrap();
        assert!((100..400).contains(&width), "{label}: {width}");
        assert_eq!(page.complaints(), [""; 0], "{label}");
        // Opened by itself: each text lies within its box.
        page.open(&url).await;
        let beyond = "[...document.querySelectorAll('text')].map((text, place) => {
            const [box, own] = [document.querySelectorAll('path')[place].getBoundingClientRect(), text.getBoundingClientRect()];
            return own.left < box.left || own.right > box.right ? `${text.textContent} ${own.left} to ${own.right} in ${box.left} to ${box.right}` : null;
        }).filter(Boolean)";
        assert_eq!(page.run(beyond).await, json!([]), "{label}");
        // Also in a font that is wider than the one that the picture was made for.
        page.run("document.querySelector('g').setAttribute('font-size', 16)")
            .await;
        assert_eq!(page.run(beyond).await, json!([]), "{label} in a wider font");
    }
    let file = dev_services::directories::target().join("web/badge.png");
    page.save_picture(&file).await;
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
