//! One id for each request, in the access log and the response, so that a caller's report leads to its log line.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// The header of the id, in requests and responses.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is taken over from a caller, in bytes.
const MAX_BYTES: usize = 128;

/// The caller's own id if it is fit for a log (1 to 128 visible ASCII characters), else 128 random bits in hexadecimal.
pub fn of(headers: &HeaderMap) -> HeaderValue {
    from_caller(headers).unwrap_or_else(|| {
        let made = hexadecimal(rand::random());
        HeaderValue::from_bytes(&made).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
    })
}

/// Writes the digits one by one: `format!` takes ten times as long, and every answer waits for it.
fn hexadecimal(bytes: [u8; 16]) -> [u8; 32] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 32];
    for (digits, byte) in text.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
        *digits = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 0xf)]];
    }
    text
}

fn from_caller(headers: &HeaderMap) -> Option<HeaderValue> {
    let value = headers.get(REQUEST_ID)?;
    let fit = (1..=MAX_BYTES).contains(&value.len()) && value.as_bytes().iter().all(u8::is_ascii_graphic);
    fit.then(|| value.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_for(sent: Option<&'static str>) -> String {
        let mut headers = HeaderMap::new();
        if let Some(sent) = sent {
            headers.insert(REQUEST_ID, HeaderValue::from_static(sent));
        }
        of(&headers).to_str().unwrap().to_owned()
    }

    #[test]
    fn a_callers_id_is_kept_if_it_is_fit_for_a_log() {
        assert_eq!(id_for(Some("order-42/retry#1")), "order-42/retry#1");
        for unfit in ["", "two words", "tab\tbed"] {
            assert_eq!(id_for(Some(unfit)).len(), 32, "{unfit:?}");
        }
    }

    #[test]
    fn without_one_each_request_has_its_own() {
        assert_ne!(id_for(None), id_for(None));
    }
}
