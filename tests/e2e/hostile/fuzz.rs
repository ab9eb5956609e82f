//! Requests made from the OpenAPI document itself, by Schemathesis, on an API that has totals to answer with.

use std::path::Path;

use tokio::process::Command;

use super::{api, expect_good_service};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "installs Schemathesis from PyPI into target/: .ci/run runs it"]
async fn every_answer_is_as_the_openapi_document_says() {
    let (_world, api) = api().await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/fuzz.py");
    let fuzzed = Command::new("python3")
        .arg(script)
        .arg(&api.url)
        .output()
        .await
        .unwrap();
    let report = String::from_utf8_lossy(&fuzzed.stdout);
    println!("{report}");
    assert!(
        fuzzed.status.success(),
        "{report}{}",
        String::from_utf8_lossy(&fuzzed.stderr)
    );
    expect_good_service(&api).await;
}
