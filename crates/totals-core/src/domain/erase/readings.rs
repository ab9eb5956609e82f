//! An id, or a member, looked for in what nobody can read: a message that was cut off, or that is in another encoding.
//!
//! Such a message is searched as text, in each way in which it may be meant: as UTF-8, as UTF-16, byte by byte (Latin-1), and
//! each of these with the escapes of JSON decoded, since encoders write `ü` as `\u00fc` and `/` as `\/`. A message that was encoded
//! twice has escapes of escapes. Rejected: Base64, compression and escapes of URLs and XML. There is no end of those.

/// How often a text may have been encoded.
const DEPTH: u32 = 3;

/// Returns true if the id stands in the message as a word, in one of its readings. An id that is no word, such as `.*` or
/// `null`, has to stand there as a whole string of JSON.
pub(super) fn names(message: &[u8], id: &str) -> bool {
    in_a_reading(message, |text| stands_in(text, id))
}

/// Returns true if the message gives the member `name` such a value, in one of its readings.
pub(super) fn gives(message: &[u8], name: &str, is_such: impl Fn(&str) -> bool) -> bool {
    in_a_reading(message, |text| {
        let found = text.match_indices(name);
        found
            .filter_map(|(place, _)| value_at(&text[place + name.len()..]))
            .any(&is_such)
    })
}

/// The value of a member, whose name this text stands behind, up to its end or the end of the message.
fn value_at(text: &str) -> Option<&str> {
    let text = text
        .strip_prefix('"')?
        .trim_start()
        .strip_prefix(':')?
        .trim_start();
    match text.strip_prefix('"') {
        Some(string) => string.split('"').next(),
        None => text.split([',', '}', ']']).next().map(str::trim_end),
    }
}

/// Returns true if one of the message's readings is such a text.
fn in_a_reading(message: &[u8], is_such: impl Fn(&str) -> bool) -> bool {
    plain(message).into_iter().any(|text| {
        let mut text = text;
        for _ in 0..DEPTH {
            if is_such(&text) {
                return true;
            }
            match unescaped(&text) {
                Some(decoded) => text = decoded,
                None => return false,
            }
        }
        is_such(&text)
    })
}

/// The message as text, in each encoding that it may have.
fn plain(message: &[u8]) -> Vec<String> {
    let mut readings = vec![String::from_utf8_lossy(message).into_owned()];
    let is_utf8 = std::str::from_utf8(message).is_ok();
    if !is_utf8 || message.contains(&0) {
        for unit in [u16::from_le_bytes, u16::from_be_bytes] {
            // A message that was cut off may end within a unit.
            let units = message.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
            let read = char::decode_utf16(units).map(|read| read.unwrap_or(char::REPLACEMENT_CHARACTER));
            readings.push(read.collect());
        }
    }
    if !is_utf8 {
        readings.push(message.iter().copied().map(char::from).collect());
    }
    readings
}

/// The text with JSON's escapes decoded, wherever they stand; `None` if it has none. What is no escape stays.
fn unescaped(text: &str) -> Option<String> {
    let mut left = text;
    let mut decoded = String::with_capacity(text.len());
    let mut has_any = false;
    while let Some((before, after)) = left.split_once('\\') {
        decoded.push_str(before);
        if let Some((character, rest)) = escape(after) {
            has_any = true;
            decoded.push(character);
            left = rest;
        } else {
            decoded.push('\\');
            left = after;
        }
    }
    decoded.push_str(left);
    has_any.then_some(decoded)
}

/// The character of the escape whose backslash is before this text, and the text behind it.
fn escape(text: &str) -> Option<(char, &str)> {
    let mut characters = text.chars();
    let character = match characters.next()? {
        same @ ('"' | '\\' | '/') => same,
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => return unit(text).map(|(high, rest)| pair(high, rest)),
        _ => return None,
    };
    Some((character, characters.as_str()))
}

/// The unit of UTF-16 that `uXXXX` stands for, and the text behind it.
fn unit(text: &str) -> Option<(u16, &str)> {
    let digits = text.strip_prefix('u')?.get(..4)?;
    let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let unit = u16::from_str_radix(digits, 16).ok().filter(|_| is_hex)?;
    Some((unit, &text[5..]))
}

/// The character of a unit, together with the next one where it takes two.
fn pair(unit: u16, rest: &str) -> (char, &str) {
    let both = rest
        .strip_prefix('\\')
        .and_then(self::unit)
        .and_then(|(low, rest)| {
            let character = char::decode_utf16([unit, low]).next()?.ok()?;
            (character.len_utf16() == 2).then_some((character, rest))
        });
    both.unwrap_or_else(|| {
        let alone = char::from_u32(u32::from(unit));
        (alone.unwrap_or(char::REPLACEMENT_CHARACTER), rest)
    })
}

/// Returns true if the text has the id, and not as a part of a longer word.
fn stands_in(text: &str, id: &str) -> bool {
    let is_word = id.chars().any(char::is_alphanumeric) && !["null", "true", "false"].contains(&id);
    if !is_word {
        return text.contains(&format!("\"{id}\""));
    }
    let is_part = |character: Option<char>| {
        character.is_some_and(|character| character.is_alphanumeric() || "-_".contains(character))
    };
    // Places may overlap, as those of `a-a` in `a-a-a`.
    let mut from = 0;
    while let Some(found) = text[from..].find(id) {
        let (before, after) = (&text[..from + found], &text[from + found + id.len()..]);
        if !is_part(before.chars().next_back()) && !is_part(after.chars().next()) {
            return true;
        }
        from += found + id.chars().next().map_or(1, char::len_utf8);
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn utf16(text: &str, bytes: impl Fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn an_id_is_found_however_an_encoder_writes_it() {
        for (id, text) in [
            ("jürgen", r#"{"donorId":"j\u00fcrgen","na"#),
            ("jürgen", r#"{"donorId":"j\u00FCrgen"#),
            ("users/42", r#"{"donorId":"users\/42""#),
            ("o\"brien", r#"{"donorId":"o\"brien""#),
            ("back\\slash", r#"{"donorId":"back\\slash""#),
            ("tab\tid", r#"{"donorId":"tab\tid""#),
            ("nul\0id", r#"{"donorId":"nul\u0000id""#),
            ("🦄", r#"{"donorId":"\ud83e\udd84""#),
            ("jürgen", r#""{\"donorId\":\"j\\u00fcrgen\""#),
            ("ada", r"\nada\t"),
            ("a-a", "a-a-a a-a"),
        ] {
            assert!(names(text.as_bytes(), id), "{id} in {text}");
        }
        for (id, text) in [
            ("ada", "canada ada-2 _ada éada"),
            ("ada", r"\u0061dam"),
            ("é", "e"),
            ("ada", r"\ud83e"),
        ] {
            assert!(!names(text.as_bytes(), id), "{id} in {text}");
        }
    }

    #[test]
    fn an_id_is_found_in_other_encodings() {
        let text = r#"{"donorId":"jürgen","am"#;
        for bytes in [
            utf16(&format!("\u{feff}{text}"), u16::to_le_bytes),
            utf16(&format!("\u{feff}{text}"), u16::to_be_bytes),
            utf16(text, u16::to_le_bytes),
            utf16(text, u16::to_be_bytes),
            [&utf16(text, u16::to_le_bytes)[..], b"{"].concat(),
            utf16(r#"{"donorId":"j\u00fcrgen""#, u16::to_le_bytes),
            b"donor j\xfcrgen".to_vec(),
            b"\xff\xfe jurgen j\xc3\xbcrgen".to_vec(),
        ] {
            assert!(names(&bytes, "jürgen"), "{bytes:?}");
            assert!(!names(&bytes, "jürge"), "{bytes:?}");
        }
    }

    #[test]
    fn a_value_is_read_from_what_was_cut_off_or_encoded_otherwise() {
        for text in [
            r#"{"donationId":"d/1","donorName":"Ada"#,
            r#"{"donationId" : "d\/1"#,
            r#""{\"donationId\":\"d/1\",\"x"#,
            "{\"donationId\":d/1 , ",
        ] {
            for bytes in [text.as_bytes().to_vec(), utf16(text, u16::to_be_bytes)] {
                assert!(gives(&bytes, "donationId", |value| value == "d/1"), "{text}");
            }
        }
        for text in [
            r#"{"donationId":"d/10"#,
            r#"{"eventId":"d/1","donationId"#,
            "donationId d/1",
            "",
        ] {
            assert!(
                !gives(text.as_bytes(), "donationId", |value| value == "d/1"),
                "{text}"
            );
        }
    }

    #[test]
    fn an_id_that_is_no_word_has_to_be_a_whole_string() {
        for id in [".*", "🦄", "null", "--"] {
            assert!(names(format!(r#"{{"donorId":"{id}","#).as_bytes(), id), "{id}");
            assert!(
                !names(format!(r#"{{"note":"a {id} b","x":{id},"#).as_bytes(), id),
                "{id}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_a_serializer_has_written_is_found(id in "[a-z]\\PC{0,8}[a-z]", before in "\\PC{0,9}") {
            let text = serde_json::json!([before, id]).to_string();
            prop_assert!(names(&text.as_bytes()[..text.len() - 1], &id));
        }

        #[test]
        fn no_message_breaks_it(message in any::<Vec<u8>>(), text in "[\\\\u0-9a-f\"]{0,40}", id in "\\PC{1,3}") {
            let _ = (names(&message, &id), names(text.as_bytes(), &id));
            let _ = (gives(&message, &id, |_| false), gives(text.as_bytes(), &id, |_| false));
        }
    }
}
