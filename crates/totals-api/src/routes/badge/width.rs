//! How wide a text is, without a font to ask.
//!
//! For ASCII these are the widths of Verdana, the font that badges name first; for all other scripts what is usual in fonts. The picture
//! fits its text into the width that is found here, so a font that differs is drawn a little narrower or wider and never
//! beyond its box.

use unicode_width::UnicodeWidthChar;

/// The size of the text, in pixels.
pub const FONT_SIZE: f64 = 11.0;

/// The widths of the characters from space to tilde, in thousandths of the size.
const VERDANA: [u16; 95] = [
    352, 394, 459, 818, 636, 1076, 727, 269, 454, 454, 636, 818, 364, 454, 364, 454, // space to /
    636, 636, 636, 636, 636, 636, 636, 636, 636, 636, 454, 454, 818, 818, 818, 545, // 0 to ?
    1000, 684, 686, 698, 771, 632, 575, 775, 751, 421, 455, 693, 557, 843, 748, 787, // @ to O
    603, 787, 695, 684, 616, 732, 684, 989, 685, 615, 685, 454, 454, 454, 818, 636, // P to _
    636, 601, 623, 521, 623, 596, 352, 623, 633, 274, 344, 592, 274, 973, 633, 607, // ` to o
    623, 623, 427, 521, 394, 633, 592, 818, 592, 592, 525, 635, 454, 635, 818, // p to ~
];

/// A character of one column and of two, as terminals have them, in thousandths of the size.
const ONE_COLUMN: u16 = 640;
const TWO_COLUMNS: u16 = 1_050;

/// The width of a text, in pixels.
pub fn of(text: &str) -> f64 {
    let thousandths: f64 = text
        .chars()
        .map(|character| f64::from(of_character(character)))
        .sum();
    thousandths / 1_000.0 * FONT_SIZE
}

fn of_character(character: char) -> u16 {
    let place = (character as usize).checked_sub(' ' as usize);
    if let Some(width) = place.and_then(|place| VERDANA.get(place)) {
        return *width;
    }
    match character.width() {
        // A mark on the character before.
        None | Some(0) => 0,
        Some(1) => ONE_COLUMN,
        Some(_) => TWO_COLUMNS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_and_combining_characters_count_as_such() {
        let tenths = |text: &str| format!("{:.1}", of(text));
        assert_eq!(tenths("raised"), "33.5");
        assert!(of("募金") > 2.0 * FONT_SIZE && of("募金") < 2.5 * FONT_SIZE);
        assert_eq!(tenths("e\u{301}"), tenths("e"));
        assert_eq!(tenths("~"), "9.0");
    }
}
