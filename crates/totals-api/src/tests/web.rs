//! The windows as browsers get them. What they show is tested in a browser, by `tests/e2e`.

use std::io::Read as _;

use axum::http::{Request, StatusCode, header};
use flate2::read::GzDecoder;

use super::{api, ask, bare, get_path};

const PAGES: [&str; 3] = ["/", "/campaigns/camp_1", "/overlay/camp_1"];

/// The paths on this server that a page names in its attributes.
fn named_by(html: &[u8]) -> Vec<String> {
    let html = String::from_utf8_lossy(html);
    let paths = html.split('"').filter(|text| text.starts_with("/assets/"));
    paths.map(str::to_owned).collect()
}

#[tokio::test]
async fn pages_are_served_with_a_strict_policy() {
    for path in PAGES {
        let page = get_path(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert_eq!(page.header(header::CONTENT_TYPE), "text/html; charset=utf-8");
        assert_eq!(page.header(header::CACHE_CONTROL), "public, max-age=1");
        assert_eq!(page.header(header::REFERRER_POLICY), "no-referrer");
        let policy = page.header(header::CONTENT_SECURITY_POLICY);
        assert!(policy.starts_with("default-src 'none';"), "{policy}");
        for loose in ["unsafe", "http", "data:"] {
            assert!(!policy.contains(loose), "{path}: {policy}");
        }
        assert!(!policy.contains("frame-ancestors 'none'") || !path.starts_with("/overlay"));
        assert!(
            !policy.contains("frame-ancestors *") || path.starts_with("/overlay"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_page_names_nothing_but_files_of_this_server_that_never_change() {
    for path in PAGES {
        let page = get_path(path).await;
        let html = String::from_utf8_lossy(&page.body);
        assert!(!html.contains("://") && !html.contains("style="), "{path}");
        assert!(!html.contains("<style") && !html.contains("<script>"), "{path}");
        let named = named_by(&page.body);
        assert!(named.len() >= 2, "{path} names {named:?}");
        for file in named {
            let file = get_path(&file).await;
            assert_eq!(file.status, StatusCode::OK);
            assert_eq!(
                file.header(header::CACHE_CONTROL),
                "public, max-age=31536000, immutable"
            );
        }
    }
}

#[tokio::test]
async fn files_are_compressed_for_those_who_take_it_and_known_by_their_tags() {
    let page = get_path("/").await;
    let files = named_by(&page.body).into_iter().chain(PAGES.map(str::to_owned));
    for path in files.chain(["/embed/totals.js".to_owned()]) {
        let plain = get_path(&path).await;
        let request = Request::get(&path).header(header::ACCEPT_ENCODING, "gzip, br");
        let packed = ask(api().await, bare(request)).await;
        let mut unpacked = Vec::new();
        GzDecoder::new(&packed.body[..])
            .read_to_end(&mut unpacked)
            .unwrap();
        assert_eq!(unpacked, plain.body, "{path}");
        assert_eq!(packed.header(header::CONTENT_ENCODING), "gzip", "{path}");
        let tag = plain.header(header::ETAG);
        assert_eq!(packed.header(header::ETAG), tag);
        assert_eq!(packed.header(header::VARY), "accept-encoding");
        let request = Request::get(&path).header(header::IF_NONE_MATCH, tag);
        let known = ask(api().await, bare(request)).await;
        assert_eq!((known.status, known.body.len()), (StatusCode::NOT_MODIFIED, 0));
    }
}

#[tokio::test]
async fn the_script_for_other_sites_may_be_loaded_by_them() {
    let script = get_path("/embed/totals.js").await;
    assert_eq!(script.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), "*");
    assert_eq!(
        script.header(header::CONTENT_TYPE),
        "text/javascript; charset=utf-8"
    );
    assert!(
        script
            .header(header::CACHE_CONTROL)
            .starts_with("public, max-age=300")
    );
    let text = String::from_utf8(script.body).unwrap();
    for name in ["campaign-total", "campaign-thermometer", "campaign-donations"] {
        assert!(text.contains(name), "{name}");
    }
}

#[tokio::test]
async fn a_campaign_is_read_while_its_page_is_loaded() {
    for window in ["/campaigns", "/overlay"] {
        let page = get_path(&format!("{window}/camp_1.a-b~c")).await;
        assert_eq!(
            page.header(header::LINK),
            "</api/totals/campaigns?ids=camp_1.a-b~c>; rel=preload; as=fetch; crossorigin"
        );
        for odd in ["a,b", "a%2Cb", "%3E", "a'b"] {
            let page = get_path(&format!("{window}/{odd}")).await;
            assert_eq!(
                (page.status, page.header(header::LINK)),
                (StatusCode::OK, ""),
                "{odd}"
            );
        }
    }
}

#[tokio::test]
async fn an_address_that_is_nearly_right_leads_to_the_right_one() {
    for (nearly, right) in [
        ("/campaigns", "/"),
        ("/campaigns/", "/"),
        ("/campaigns?wall&lang=de", "/?wall&lang=de"),
        ("/campaigns/camp_1/", "/campaigns/camp_1"),
        ("/overlay/camp_1/?style=number", "/overlay/camp_1?style=number"),
        ("/campaigns/a%2Fb/?wall", "/campaigns/a%2Fb?wall"),
        ("/campaigns/camp_1?json", "/api/totals/campaigns/camp_1"),
        ("/campaigns/a%2Fb?json", "/api/totals/campaigns/a%2Fb"),
    ] {
        let answer = get_path(nearly).await;
        assert_eq!(answer.status, StatusCode::TEMPORARY_REDIRECT, "{nearly}");
        assert_eq!(answer.header(header::LOCATION), right, "{nearly}");
    }
}

#[tokio::test]
async fn an_overlay_of_no_campaign_says_how_to_name_one() {
    for path in ["/overlay", "/overlay/"] {
        let page = get_path(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert_eq!(page.header(header::CONTENT_TYPE), "text/html; charset=utf-8");
        let policy = page.header(header::CONTENT_SECURITY_POLICY);
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(String::from_utf8_lossy(&page.body).contains("Which campaign?"));
    }
}

#[tokio::test]
async fn browsers_find_the_icon_where_a_page_names_none() {
    let icon = get_path("/favicon.ico").await;
    assert_eq!(icon.status, StatusCode::OK);
    assert_eq!(icon.header(header::CONTENT_TYPE), "image/svg+xml");
}

#[tokio::test]
async fn what_is_not_there_is_said_as_everywhere() {
    for path in [
        "/assets/nothing.js",
        "/assets/../home.html",
        "/home.html",
        "/embed/",
    ] {
        let answer = get_path(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.json()["error"]["code"], "NOT_FOUND");
    }
}
