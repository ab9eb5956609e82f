//! Every page held against the rules of WCAG that a program can check, by axe-core.

use std::path::PathBuf;

use serde_json::{Value, json};
use tokio::process::Command;

use super::{Page, Stage};

const PACKAGE: &str = "axe-core@4.14.1";

/// axe-core, which npm brings into target/.
async fn axe_core() -> String {
    let directory = dev_services::directories::target().join("axe").join(PACKAGE);
    let script: PathBuf = directory.join("package/axe.min.js");
    if !script.exists() {
        std::fs::create_dir_all(&directory).unwrap();
        let fetch = format!("npm pack --silent {PACKAGE} && tar xzf *.tgz && rm *.tgz");
        let fetched = Command::new("sh")
            .args(["-c", &fetch])
            .current_dir(&directory)
            .status()
            .await;
        assert!(fetched.unwrap().success(), "npm cannot fetch {PACKAGE}");
    }
    std::fs::read_to_string(script).unwrap()
}

async fn violations(page: &Page, axe: &str) -> Value {
    page.run(axe).await;
    page.run(
        "axe.run(document, { resultTypes: ['violations'] }).then(({ violations, passes }) => {
            if (passes.length < 10) return 'axe has hardly looked';
            return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join('; ')}`);
        })",
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "fetches axe-core from npm into target/: .ci/run runs it"]
async fn axe_finds_nothing_on_any_page() {
    let axe = axe_core().await;
    let stage = Stage::new().await;
    // So that it is seen to find something.
    let page = stage.page("/").await;
    page.run("document.body.append(document.createElement('button'))")
        .await;
    let found = violations(&page, &axe).await;
    assert!(found.to_string().contains("button-name"), "{found}");
    for (donations, what) in [(0..0, "none"), (0..5, "some"), (5..15, "beyond the goal")] {
        stage.donate(donations.clone()).await;
        let raised = i64::try_from(donations.end).unwrap();
        stage.world.expect_totals("c", raised * 1_000, raised, 0).await;
        for path in [
            "/",
            "/campaigns/c",
            "/campaigns/c?wall",
            "/campaigns/nobody",
            "/campaigns/c?lang=ar",
            "/overlay/c",
            "/overlay/c?size=abc",
        ] {
            for scheme in ["light", "dark"] {
                let page = stage.browser.page().await;
                page.prefer(&[
                    ("prefers-color-scheme", scheme),
                    ("prefers-reduced-motion", "reduce"),
                ])
                .await;
                page.open(&format!("{}{path}", stage.api.url)).await;
                let total = if path == "/" {
                    "platform-total"
                } else {
                    "campaign-total"
                };
                page.until(&format!("find({total:?})[0]?.dataset.state"), |state| {
                    state == "live" || state == "none"
                })
                .await;
                let found = violations(&page, &axe).await;
                assert_eq!(found, json!([]), "{path}, {scheme}, {what}: {found:#}");
                page.call("Page.close", json!({})).await;
            }
        }
    }
}
