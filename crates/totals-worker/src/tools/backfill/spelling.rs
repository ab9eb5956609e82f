//! Other spellings of the names of fields, which a person would take for the field and a program would not.

/// Returns true if `name` and `field` differ at most in case and in characters that are neither letters nor digits.
pub fn is_alike(name: &str, field: &str) -> bool {
    letters(name).eq(letters(field))
}

fn letters(name: &str) -> impl Iterator<Item = u8> {
    let letters = name.bytes().filter(u8::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase())
}
