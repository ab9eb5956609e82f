//! A page in the browser: what a test looks at, and what it does to it.

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use serde_json::{Value, json};

use super::browser::Wire;
use crate::harness::eventually;

/// Looks for elements as selectors do, in shadow trees as well.
const FIND: &str = r"
globalThis.find = (selector, root = document) => {
    const found = [...root.querySelectorAll(selector)];
    for (const element of root.querySelectorAll('*')) if (element.shadowRoot) found.push(...find(selector, element.shadowRoot));
    return found;
};
globalThis.seen = (root = document.body) => {
    if (root.nodeType === Node.TEXT_NODE) return root.textContent;
    if (root instanceof Element && (root.localName === 'style' || root.localName === 'script' || getComputedStyle(root).display === 'none')) return '';
    return [...(root.shadowRoot ?? root).childNodes].map((node) => seen(node)).join(' ');
};
";

/// One page.
pub struct Page {
    wire: Arc<Wire>,
    session: String,
}

impl Page {
    pub fn new(wire: Arc<Wire>, session: String) -> Self {
        Self { wire, session }
    }

    /// The answer to a command of the `DevTools` protocol.
    pub async fn call(&self, method: &str, params: Value) -> Value {
        self.wire.call(Some(&self.session), method, params).await
    }

    /// Runs this script in each document before its own.
    pub async fn before_each(&self, script: &str) {
        let params = json!({ "source": script });
        self.call("Page.addScriptToEvaluateOnNewDocument", params).await;
    }

    /// Goes to an address, and waits until the document is loaded. What the page has told before is forgotten.
    pub async fn open(&self, url: &str) {
        self.wire.forget_events(&self.session);
        let gone = self.call("Page.navigate", json!({ "url": url })).await;
        assert!(gone["errorText"].is_null(), "{url}: {gone}");
        self.until("document.readyState", |state| state == "complete")
            .await;
    }

    /// What a script gives, once its promise is kept.
    pub async fn run(&self, script: &str) -> Value {
        let expression = format!("{{{FIND}}}\n{{{script}\n}}");
        let params = json!({
            "expression": expression, "awaitPromise": true, "returnByValue": true, "includeCommandLineAPI": true,
        });
        let mut answer = self.call("Runtime.evaluate", params).await;
        assert!(
            answer["exceptionDetails"].is_null(),
            "{script}: {}",
            answer["exceptionDetails"]
        );
        answer["result"]["value"].take()
    }

    /// Waits until a script gives what is `wanted`.
    pub async fn until(&self, script: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        eventually(|| self.run(script), wanted).await
    }

    /// Waits until the first element that this selector finds shows so much, in minor units.
    pub async fn shows(&self, selector: &str, amount_minor: i64) {
        let amount = format!("find({selector:?})[0]?.dataset.amountMinor");
        let wanted = amount_minor.to_string();
        self.until(&amount, |shown| *shown == wanted).await;
    }

    /// The state that the first element that this selector finds says it is in.
    pub async fn state(&self, selector: &str) -> Value {
        self.run(&format!("find({selector:?})[0]?.dataset.state")).await
    }

    /// Waits until it is in this state.
    pub async fn is(&self, selector: &str, state: &str) {
        eventually(|| self.state(selector), |found| found == state).await;
    }

    /// All text of the page, also that of shadow trees, with single spaces.
    pub async fn text(&self) -> String {
        let text = self.run("seen()").await;
        text.as_str()
            .unwrap()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Makes the page so large, in CSS pixels.
    pub async fn resize(&self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// Makes media queries for these features true, such as `prefers-color-scheme: dark`.
    pub async fn prefer(&self, features: &[(&str, &str)]) {
        let features: Vec<_> = features
            .iter()
            .map(|(name, value)| json!({ "name": name, "value": value }))
            .collect();
        self.call("Emulation.setEmulatedMedia", json!({ "features": features }))
            .await;
    }

    /// Presses a key that has no text, such as `Tab`.
    pub async fn press(&self, key: &str, code: u32) {
        for kind in ["keyDown", "keyUp"] {
            let text = if key == "Enter" && kind == "keyDown" {
                "\r"
            } else {
                ""
            };
            let params =
                json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text });
            self.call("Input.dispatchKeyEvent", params).await;
        }
    }

    /// Saves a picture of what is seen.
    pub async fn save_picture(&self, file: &Path) {
        let picture = self
            .call("Page.captureScreenshot", json!({ "format": "png" }))
            .await;
        let bytes = base64::engine::general_purpose::STANDARD.decode(picture["data"].as_str().unwrap());
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, bytes.unwrap()).unwrap();
    }

    fn told(&self, method: &str) -> Vec<Value> {
        let events = self.wire.events(&self.session).into_iter();
        events
            .filter(|event| event["method"] == method)
            .map(|mut event| event["params"].take())
            .collect()
    }

    /// The addresses of all that this page has asked for.
    pub fn requests(&self) -> Vec<String> {
        let requests = self.told("Network.requestWillBeSent").into_iter();
        requests
            .map(|request| request["request"]["url"].as_str().unwrap().to_owned())
            .collect()
    }

    /// How many bytes each answer that has ended took on the network, by its address.
    pub fn bytes(&self) -> Vec<(String, u64)> {
        let requests = self.told("Network.requestWillBeSent");
        let finished = self.told("Network.loadingFinished").into_iter();
        finished
            .map(|end| {
                let request = requests
                    .iter()
                    .find(|request| request["requestId"] == end["requestId"]);
                let url = request.unwrap()["request"]["url"].as_str().unwrap().to_owned();
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a number of bytes"
                )]
                (url, end["encodedDataLength"].as_f64().unwrap() as u64)
            })
            .collect()
    }

    /// What the browser has to complain about: violated policies, exceptions, errors and warnings.
    pub fn complaints(&self) -> Vec<String> {
        let logged = self.told("Log.entryAdded").into_iter();
        // An API may have no history yet, and no feed of donations: the pages ask, and do without.
        let may_be_absent = |entry: &Value| {
            let path = entry["url"]
                .as_str()
                .and_then(|url| url.split('?').next())
                .unwrap_or_default();
            let optional = ["/donations/stream", "/donations", "/history"];
            entry["text"].as_str().is_some_and(|text| text.contains("404"))
                && optional.iter().any(|end| path.ends_with(end))
        };
        let logged = logged
            .filter(|entry| entry["entry"]["level"] == "error" || entry["entry"]["level"] == "warning")
            .filter(|entry| !may_be_absent(&entry["entry"]))
            .map(|entry| format!("{} {}", entry["entry"]["text"], entry["entry"]["url"]));
        let thrown = self.told("Runtime.exceptionThrown").into_iter();
        let thrown = thrown.map(|thrown| thrown["exceptionDetails"].to_string());
        logged.chain(thrown).collect()
    }
}
