//! The API's description, rendered for programs and for people.

use utoipa::openapi::OpenApi;
use utoipa_scalar::Scalar;

/// The path of the page's script, which changes with the script's content.
pub const SCRIPT_PATH: &str = concat!("/docs/scalar-", env!("SCALAR_CHECKSUM"), ".js");

/// The page's template: `$script`, `$title` and `$spec` are filled in.
const PAGE: &str = include_str!("routes/docs.html");

/// The documentation, rendered once at the start.
pub struct Documentation {
    /// For programs, as JSON.
    pub openapi: String,
    /// For people, a page.
    pub html: String,
}

impl Documentation {
    /// Renders the document for both readers.
    pub fn render(document: &OpenApi) -> Self {
        let openapi = document.to_json().unwrap_or_default();
        let html = Scalar::new(document.clone())
            .title(document.info.title.clone())
            .custom_html(PAGE.replace("$script", SCRIPT_PATH))
            .to_html();
        Self { openapi, html }
    }
}
