//! The bytes of a cursor, as a text that needs no percent-encoding and that tells whether it is whole.
//!
//! A cursor holds no secret and grants nothing, so it is neither encrypted nor signed: a caller that makes one up gets a page
//! that anyone may ask for. The checksum is against accidents, such as a cursor that was cut off on its way. Without it most
//! broken cursors would be valid ones of another place, and the walk would silently go on there.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::error::ApiError;

/// The bytes behind the content.
const CHECKSUM_BYTES: usize = size_of::<u32>();

/// How many letters, digits, `-` and `_` the text of so many bytes has.
pub const fn characters(content_bytes: usize) -> usize {
    ((content_bytes + CHECKSUM_BYTES) * 4).div_ceil(3)
}

/// The text of these bytes.
pub fn seal(content: &[u8]) -> String {
    let checksum = crc32fast::hash(content).to_be_bytes();
    BASE64_URL_SAFE_NO_PAD.encode([content, &checksum].concat())
}

/// The bytes of a text; `None` if it is not whole, or would have more than `most` bytes.
pub fn open(text: &str, most: usize) -> Option<Vec<u8>> {
    if text.len() > characters(most) {
        return None;
    }
    let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
    let (content, checksum) = bytes.split_last_chunk()?;
    let is_whole = crc32fast::hash(content) == u32::from_be_bytes(*checksum);
    bytes.truncate(content.len());
    is_whole.then_some(bytes)
}

/// The refusal of a cursor.
pub fn not_given_out() -> ApiError {
    ApiError::Invalid("cursor must be a nextCursor that this service gave out".to_owned())
}
