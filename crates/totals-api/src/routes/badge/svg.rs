//! A badge as an SVG: two boxes with texts, no script, nothing loaded, readable by a screen reader.

use std::fmt::{self, Display};

use super::content::Badge;
use super::options::Colour;
use super::width;

const HEIGHT: f64 = 20.0;
/// Between a text and the edges of its box, in pixels.
const MARGIN: f64 = 6.0;
/// A text alone may be so wide, in pixels; a longer one is drawn narrower.
const MAX_WIDTH: f64 = 500.0;

impl Badge {
    /// As a picture.
    pub fn svg(&self) -> String {
        let (label, message) = (fitting(&self.label), fitting(&self.message));
        let (left, right) = (label + 2.0 * MARGIN, message + 2.0 * MARGIN);
        let all = left + right;
        let (label_text, message_text) = (Escaped(&self.label), Escaped(&self.message));
        let said = format!("{label_text}: {message_text}");
        let about = Escaped(&self.about);
        let boxes = [
            (rounded_left(left), self.label_colour),
            (rounded_right(left, right), self.colour),
        ];
        let boxes = boxes
            .map(|(path, colour)| format!("<path fill=\"#{colour}\" d=\"{path}\"/>"))
            .concat();
        let texts = [
            text(MARGIN, label, &label_text, self.label_colour),
            text(left + MARGIN, message, &message_text, self.colour),
        ]
        .concat();
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{all:.0}\" height=\"{HEIGHT}\" viewBox=\"0 0 {all:.1} {HEIGHT}\" \
             role=\"img\" aria-label=\"{said}\"><title>{about}: {said}</title>{boxes}\
             <g font-family=\"Verdana,Geneva,DejaVu Sans,sans-serif\" font-size=\"{size}\" text-rendering=\"geometricPrecision\">\
             {texts}</g></svg>\n",
            size = width::FONT_SIZE,
        )
    }
}

fn fitting(text: &str) -> f64 {
    width::of(text).clamp(1.0, MAX_WIDTH)
}

/// A text in the middle of its box, which makes it the same for both directions of writing.
fn text(left: f64, width: f64, text: &Escaped<'_>, on: Colour) -> String {
    let (middle, colour) = (left + width / 2.0, on.text());
    format!(
        "<text x=\"{middle:.1}\" y=\"14\" fill=\"#{colour}\" text-anchor=\"middle\" textLength=\"{width:.1}\" \
         lengthAdjust=\"spacingAndGlyphs\">{text}</text>"
    )
}

fn rounded_left(width: f64) -> String {
    format!("M3 0H{width:.1}V20H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z")
}

fn rounded_right(left: f64, width: f64) -> String {
    let inner = width - 3.0;
    format!("M{left:.1} 0h{inner:.1}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-{inner:.1}z")
}

/// A text within XML. Characters that XML does not have are left out, and so are those that turn the direction of what
/// follows them.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}' => {}
                _ if character.is_control() => {}
                _ => write!(f, "{character}")?,
            }
        }
        Ok(())
    }
}
