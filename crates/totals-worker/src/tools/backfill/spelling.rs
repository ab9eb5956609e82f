//! Names of fields that are spelled otherwise, which a reader would take for the field and a program would not.

/// Returns true if `name` and `field` differ at most in case and in what is neither a letter nor a digit.
pub fn is_alike(name: &str, field: &str) -> bool {
    letters(name).eq(letters(field))
}

fn letters(name: &str) -> impl Iterator<Item = u8> {
    let letters = name.bytes().filter(u8::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase())
}
