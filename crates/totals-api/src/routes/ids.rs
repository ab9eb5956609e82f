//! Several campaigns that a request names.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use axum::extract::OptionalFromRequestParts;
use axum::http::request::Parts;
use totals_core::domain::id::MAX_ID_BYTES;
use totals_core::domain::{CampaignId, InvalidId, excerpt};
use utoipa::IntoParams;

use super::parameters::Parameters;
use crate::error::ApiError;

/// Several campaigns: 1 to 100 different ones, in the order asked for.
#[derive(Debug, Clone, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Ids {
    /// Campaign ids separated by commas; one asked for twice is answered once. Commas that are percent-encoded
    /// separate too, so a campaign with a comma in its id can only be asked for by itself. Path and query together may
    /// have 8 KiB: room for 100 ids of 80 bytes.
    #[param(required = false, value_type = Vec<String>, style = Form, explode = false, min_items = 1, max_items = 100,
        example = json!(["camp_123", "camp_124"]))]
    pub ids: Vec<CampaignId>,
}

const ALLOWED_COUNT: RangeInclusive<usize> = 1..=100;

impl Ids {
    /// Parameter `ids`, if it was sent.
    ///
    /// # Errors
    /// [`ApiError::Invalid`] if it is no list of ids, or too long.
    pub fn parse(parameters: &Parameters) -> Result<Option<Self>, ApiError> {
        let Some(text) = parameters.single("ids")? else {
            return Ok(None);
        };
        let (mut ids, mut seen) = (Vec::new(), HashSet::new());
        for (index, id) in text.split(',').enumerate() {
            let campaign = CampaignId::try_from(id).map_err(|_: InvalidId| {
                let (number, bytes) = (index + 1, id.len());
                invalid(&format!("number {number} of `{}` has {bytes}", excerpt(text)))
            })?;
            if seen.insert(id) {
                ids.push(campaign);
            }
        }
        if ALLOWED_COUNT.contains(&ids.len()) {
            Ok(Some(Self { ids }))
        } else {
            Err(invalid(&format!("got {} of them", ids.len())))
        }
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Ids {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Option<Self>, ApiError> {
        Self::parse(&Parameters::of(&parts.uri)?)
    }
}

fn invalid(got: &str) -> ApiError {
    let (least, most) = (ALLOWED_COUNT.start(), ALLOWED_COUNT.end());
    ApiError::Invalid(format!(
        "ids must be {least} to {most} campaign ids separated by commas, each of 1 to {MAX_ID_BYTES} bytes; {got}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<Option<String>, String> {
        let parameters = Parameters::of(&format!("/?{query}").parse().unwrap()).unwrap();
        let ids = Ids::parse(&parameters).map_err(|error| error.to_string())?;
        Ok(ids.map(|Ids { ids }| ids.iter().map(CampaignId::as_str).collect::<Vec<_>>().join(" ")))
    }

    #[test]
    fn ids_are_different_ones_in_the_order_asked_for() {
        for (query, ids) in [
            ("", None),
            ("ids=b", Some("b")),
            ("ids=b,a,b,c,a", Some("b a c")),
            ("ids=b%2Ca,c", Some("b a c")),
            ("ids=a%2Fb,%C3%BC", Some("a/b ü")),
            ("other=%ff&&ids=%EF%BF%BD&%ff=1", Some("\u{fffd}")),
        ] {
            assert_eq!(parse(query), Ok(ids.map(str::to_owned)), "{query}");
        }
    }

    #[test]
    fn a_hundred_ids_are_taken_however_often_each_is_asked_for() {
        let hundred: Vec<_> = (0..100).map(|n| n.to_string()).collect();
        let all = hundred.join(",");
        assert_eq!(parse(&format!("ids={all},{all}")), Ok(Some(hundred.join(" "))));
    }

    #[test]
    fn a_message_says_what_is_allowed_and_what_was_sent() {
        let hundred_and_one: Vec<_> = (0..101).map(|n| n.to_string()).collect();
        let long = "x".repeat(257);
        for (query, got) in [
            ("ids=".to_owned(), "number 1 of `` has 0".to_owned()),
            ("ids=a,,b".to_owned(), "number 2 of `a,,b` has 0".to_owned()),
            ("ids=a,".to_owned(), "number 2 of `a,` has 0".to_owned()),
            (
                format!("ids={long}"),
                format!("number 1 of `{}…` has 257", &long[..80]),
            ),
            (
                format!("ids={}", hundred_and_one.join(",")),
                "got 101 of them".to_owned(),
            ),
        ] {
            let message =
                "ids must be 1 to 100 campaign ids separated by commas, each of 1 to 256 bytes; ".to_owned();
            assert_eq!(parse(&query), Err(message + &got), "{query}");
        }
        for (query, message) in [
            ("ids=a&ids=b", "ids must be given at most once"),
            ("ids=a,%ff", "ids must be percent-encoded UTF-8"),
            ("other=%ff&&ids=%C3", "ids must be percent-encoded UTF-8"),
        ] {
            assert_eq!(parse(query), Err(message.to_owned()), "{query}");
        }
    }
}
