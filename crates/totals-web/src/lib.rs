//! The windows on the totals, as browsers load them: a page, elements for other sites, and an overlay for broadcasts.
//!
//! Their sources are TypeScript in `ui/`. What Vite makes of them is committed in `dist/`, and `.ci/run` fails if it is not what
//! the sources give. This crate only holds the files; `totals-api` serves them.

/// One file of `dist/`.
#[derive(Debug)]
pub struct Asset {
    /// Its path within `dist/`, with a slash before it.
    pub path: &'static str,
    /// What kind of file it is, as a header says it.
    pub content_type: &'static str,
    /// Its validator, in quotes: the checksum of its content.
    pub etag: &'static str,
    /// The file as it is.
    pub plain: &'static [u8],
    /// The file in gzip.
    pub gzip: &'static [u8],
}

/// All files.
static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The file at this path of `dist/`.
pub fn asset(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}

/// The icon of the pages.
pub fn icon() -> Option<&'static Asset> {
    ASSETS
        .iter()
        .find(|asset| asset.path.starts_with("/assets/icon-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_window_is_there() {
        for path in [
            "/home.html",
            "/campaign.html",
            "/overlay.html",
            "/overlay-help.html",
            "/embed/totals.js",
        ] {
            assert!(
                asset(path).is_some(),
                "{path}: run `npm run build` in crates/totals-web/ui"
            );
        }
        assert!(asset("/").is_none());
        assert_eq!(icon().unwrap().content_type, "image/svg+xml");
    }

    #[test]
    fn a_page_names_only_files_that_are_there() {
        for page in ASSETS
            .iter()
            .filter(|asset| asset.content_type.starts_with("text/html"))
        {
            let html = String::from_utf8_lossy(page.plain);
            let named: Vec<_> = html
                .split('"')
                .filter(|text| text.starts_with("/assets/"))
                .collect();
            assert!(!named.is_empty(), "{}", page.path);
            for path in named {
                assert!(asset(path).is_some(), "{} names {path}", page.path);
            }
        }
    }

    /// What a page loads before anything of it is seen, as it goes over the network; the chart comes later.
    #[test]
    fn a_page_weighs_less_than_60_kilobytes() {
        for page in ["/home.html", "/campaign.html", "/overlay.html"] {
            let page = asset(page).unwrap();
            let html = String::from_utf8_lossy(page.plain);
            let named = html.split('"').filter_map(asset);
            let bytes: usize = page.gzip.len() + named.map(|asset| asset.gzip.len()).sum::<usize>();
            assert!(bytes < 60_000, "{}: {bytes} bytes", page.path);
        }
        assert!(asset("/embed/totals.js").unwrap().gzip.len() < 40_000);
    }
}
