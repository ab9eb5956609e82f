//! The name that a donor has agreed to show, out of a donation's payload.
//!
//! A name is personal data, so only a payload that says `"isAnonymous":false` shows one. Whatever else stands there, `"false"`,
//! `0` or `null`, or nothing, hides it: a producer that forgets the field must not publish anybody. A member that stands
//! there twice says nothing that can be relied on, and hides it too.
//!
//! The text goes into pages of strangers. So it has no control character, none that changes the direction of the text around
//! it, none that cannot be seen, and a bounded length.

use std::fmt;

use serde::Deserializer as _;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The most characters of a name that are shown; a longer one ends with `…`.
pub const MAX_NAME_CHARS: usize = 80;

/// The name to show of the donation with this payload, if any.
pub fn shown_name(payload: &str) -> Option<String> {
    let mut payload = serde_json::Deserializer::from_str(payload);
    let said = payload.deserialize_map(SaidVisitor).ok()?;
    let [Some(name), Some("false")] = [said.name, said.is_anonymous] else {
        return None;
    };
    shown(&serde_json::from_str::<String>(name).ok()?)
}

/// What a payload says of its donor's name, each as JSON text; nothing of a member that stands there twice.
#[derive(Default)]
struct Said<'a> {
    name: Option<&'a str>,
    is_anonymous: Option<&'a str>,
}

struct SaidVisitor;

impl<'de> Visitor<'de> for SaidVisitor {
    type Value = Said<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Said<'de>, A::Error> {
        let (mut names, mut flags) = (Vec::new(), Vec::new());
        while let Some(member) = map.next_key::<String>()? {
            match member.as_str() {
                "donorName" => names.push(map.next_value::<&RawValue>()?.get()),
                "isAnonymous" => flags.push(map.next_value::<&RawValue>()?.get()),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let only = |values: &[&'de str]| match values {
            [value] => Some(*value),
            _ => None,
        };
        Ok(Said {
            name: only(&names),
            is_anonymous: only(&flags),
        })
    }
}

/// The name without what must not be shown; `None` if nothing is left.
fn shown(name: &str) -> Option<String> {
    let visible = name
        .chars()
        .map(|character| if character.is_whitespace() { ' ' } else { character });
    let visible: String = visible.filter(|character| !is_hidden(*character)).collect();
    let words: Vec<&str> = visible.split_ascii_whitespace().collect();
    let text = words.join(" ");
    match text.char_indices().nth(MAX_NAME_CHARS) {
        _ if is_blank(&text) => None,
        None => Some(text),
        Some((end, _)) => Some(format!("{}…", text[..end].trim_end())),
    }
}

/// Returns true if the character controls the text around it, or cannot be seen. The joiners U+200C and U+200D are left:
/// names of several scripts need them.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            // Soft hyphen, marks of direction, embeddings, overrides and isolates, invisible operators, annotations, tags,
            // what is no character; letters that are blank.
            '\u{ad}' | '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Returns true if nothing of the text can be seen: it has only white space, controls, what Unicode lets be ignored
/// (`Default_Ignorable_Code_Point`), and letters that are blank. The windows have the same rule in `ui/src/live/model.ts`.
pub fn is_blank(text: &str) -> bool {
    let needed_in_names = |character| {
        matches!(character,
            '\u{34f}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}')
    };
    text.chars()
        .all(|character| character.is_whitespace() || is_hidden(character) || needed_in_names(character))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_is_shown_only_where_the_payload_says_so_in_so_many_words() {
        let name = |is_anonymous: &str| shown_name(&format!(r#"{{"donorName":"Ada"{is_anonymous}}}"#));
        assert_eq!(name(r#","isAnonymous":false"#).as_deref(), Some("Ada"));
        assert_eq!(name(r#","isAnonymous" : false "#).as_deref(), Some("Ada"));
        for hidden in [
            "",
            r#","isAnonymous":true"#,
            r#","isAnonymous":null"#,
            r#","isAnonymous":"false""#,
            r#","isAnonymous":0"#,
            r#","isAnonymous":[false]"#,
            r#","isanonymous":false"#,
            r#","isAnonymous":true,"isAnonymous":false"#,
            r#","isAnonymous":false,"isAnonymous":true"#,
            r#","isAnonymous":false,"donorName":"Eve""#,
        ] {
            assert_eq!(name(hidden), None, "{hidden}");
        }
        for payload in [
            r#"{"isAnonymous":false}"#,
            r#"{"donorName":null,"isAnonymous":false}"#,
            r#"{"donorName":7,"isAnonymous":false}"#,
            r#"{"donorName":" \u200b\u0000 ","isAnonymous":false}"#,
            r#"{"donorName":"\u3164\u115f\uffa0 \u2800","isAnonymous":false}"#,
            r#"{"donorName":"\u200d\ufe0f \u034f","isAnonymous":false}"#,
            r#"{"payload":{"donorName":"Ada","isAnonymous":false}}"#,
            "[]",
            "",
        ] {
            assert_eq!(shown_name(payload), None, "{payload}");
        }
    }

    #[test]
    fn what_controls_or_cannot_be_seen_is_left_out_and_what_a_script_needs_stays() {
        for (name, expected) in [
            ("  Ada \u{1b}[2J\n\tLovelace\u{7f} ", "Ada [2J Lovelace"),
            ("\u{202e}adA\u{2066}\u{200f}\u{61c}", "adA"),
            ("A\u{200b}d\u{feff}a\u{e0041}", "Ada"),
            ("Ada\u{2028}Lovelace\u{3000}", "Ada Lovelace"),
            ("نیک\u{200c}نام", "نیک\u{200c}نام"),
            ("<b>Ada</b> & \"Eve\"", "<b>Ada</b> & \"Eve\""),
        ] {
            assert_eq!(shown(name).as_deref(), Some(expected), "{name:?}");
        }
        let (whole, longer) = ("é".repeat(MAX_NAME_CHARS), "é".repeat(MAX_NAME_CHARS + 1));
        assert_eq!(shown(&whole), Some(whole.clone()));
        assert_eq!(shown(&longer), Some(whole + "…"));
    }

    #[test]
    fn a_text_is_blank_if_nothing_of_it_is_seen() {
        for blank in [
            "",
            " \n\u{3000}",
            "\u{3164}\u{115f}\u{2800}",
            "\u{200d}\u{fe0f}\u{34f}",
            "\u{e0001}\u{fff9}",
        ] {
            assert!(is_blank(blank), "{blank:?}");
        }
        for seen in ["a", "\u{200d}.", "👍\u{fe0f}", "\u{fffc}"] {
            assert!(!is_blank(seen), "{seen:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_name_what_is_shown_is_short_and_harmless(name in any::<String>()) {
            let payload = serde_json::json!({ "donorName": name, "isAnonymous": false }).to_string();
            if let Some(shown) = shown_name(&payload) {
                prop_assert!(shown.chars().count() <= MAX_NAME_CHARS + 1);
                prop_assert!(!is_blank(&shown) && shown.trim() == shown);
                prop_assert!(!shown.chars().any(is_hidden), "{shown:?}");
            }
        }
    }
}
