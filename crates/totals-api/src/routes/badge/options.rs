//! What the address of a badge may choose.

use std::fmt;

use totals_core::domain::excerpt;

use crate::error::ApiError;
use crate::routes::parameters::Parameters;

/// The longest label, in characters.
pub const MAX_LABEL: usize = 60;

/// What is on the left if the address does not say.
const LABEL: &str = "raised";
const LABEL_COLOUR: Colour = Colour::new(0x44, 0x44, 0x44);

/// The names of colours, which are those of shields.io.
const NAMES: [(&str, Colour); 10] = [
    ("brightgreen", Colour::new(0x44, 0xcc, 0x11)),
    ("green", Colour::new(0x97, 0xca, 0x00)),
    ("yellowgreen", Colour::new(0xa4, 0xa6, 0x1d)),
    ("yellow", Colour::new(0xdf, 0xb3, 0x17)),
    ("orange", Colour::new(0xfe, 0x7d, 0x37)),
    ("red", Colour::new(0xe0, 0x5d, 0x44)),
    ("blue", Colour::new(0x00, 0x7e, 0xc6)),
    ("grey", Colour::new(0x55, 0x55, 0x55)),
    ("lightgrey", Colour::new(0x9f, 0x9f, 0x9f)),
    ("black", Colour::new(0, 0, 0)),
];

/// A colour; it is written as six hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour {
    red: u8,
    green: u8,
    blue: u8,
}

impl Colour {
    /// Of its three parts.
    pub const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue }
    }

    /// Reads a name, or three or six hexadecimal digits.
    fn parse(text: &str) -> Option<Self> {
        if let Some((_, colour)) = NAMES.iter().find(|(name, _)| *name == text) {
            return Some(*colour);
        }
        let digits: Vec<u8> = text
            .chars()
            .map(|digit| u8::try_from(digit.to_digit(16)?).ok())
            .collect::<Option<_>>()?;
        match *digits.as_slice() {
            [red, green, blue] => Some(Self::new(red * 17, green * 17, blue * 17)),
            [r, ed, g, reen, b, lue] => Some(Self::new(r * 16 + ed, g * 16 + reen, b * 16 + lue)),
            _ => None,
        }
    }

    /// The colour of text on it, black or white, whichever has the greater contrast (WCAG 2.2, relative luminance).
    pub fn text(self) -> &'static str {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        };
        let luminance = 0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue);
        // Where both contrasts are the same: (1.05 / (l + 0.05)) = ((l + 0.05) / 0.05).
        if luminance > 0.179 { "000" } else { "fff" }
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

/// What the address chooses.
pub struct Options {
    /// What is on the left.
    pub label: String,
    /// The colour of the right, if not the usual one.
    pub colour: Option<Colour>,
    /// The colour of the left.
    pub label_colour: Colour,
}

impl Options {
    /// The choices of a query.
    ///
    /// # Errors
    /// [`ApiError::Invalid`] if one of them is not allowed.
    pub fn of(parameters: &Parameters) -> Result<Self, ApiError> {
        let label = parameters.single("label")?.unwrap_or(LABEL);
        let length = label.chars().count();
        if !(1..=MAX_LABEL).contains(&length) {
            return Err(ApiError::Invalid(format!(
                "label must be 1 to {MAX_LABEL} characters, got {length}"
            )));
        }
        let colour = |name| {
            let text = parameters.single(name)?;
            text.map(|text| Colour::parse(text).ok_or_else(|| no_colour(name, text)))
                .transpose()
        };
        Ok(Self {
            label: label.to_owned(),
            colour: colour("color")?,
            label_colour: colour("labelColor")?.unwrap_or(LABEL_COLOUR),
        })
    }
}

fn no_colour(name: &str, text: &str) -> ApiError {
    let names = NAMES.map(|(name, _)| name).join(", ");
    ApiError::Invalid(format!(
        "{name} must be 3 or 6 hexadecimal digits without `#`, or one of {names}, got `{}`",
        excerpt(text)
    ))
}
