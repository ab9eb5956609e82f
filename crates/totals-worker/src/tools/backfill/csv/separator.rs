//! What separates the columns of a table.

/// A character that separates columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Separator {
    /// `,`
    #[value(alias = ",")]
    Comma,
    /// `;`, as spreadsheets write where the comma is the decimal mark
    #[value(alias = ";")]
    Semicolon,
    /// A tab
    #[value(alias = "\t")]
    Tab,
}

impl Separator {
    const ALL: [Self; 3] = [Self::Comma, Self::Semicolon, Self::Tab];

    /// The character.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
        }
    }

    /// Its name, as `--separator` takes it.
    const fn name(self) -> &'static str {
        match self {
            Self::Comma => "comma",
            Self::Semicolon => "semicolon",
            Self::Tab => "tab",
        }
    }

    /// The one that the line `sep=;` declares, which spreadsheets write before the header row; none if the line is another.
    ///
    /// # Errors
    /// That the line declares another character.
    pub fn declared(line: &[u8]) -> Result<Option<Self>, String> {
        let line = line.strip_prefix(b"\"").unwrap_or(line);
        let line = line.strip_suffix(b"\"").unwrap_or(line);
        let Some((b"sep=" | b"SEP=" | b"Sep=", [byte])) = line.split_at_checked(4) else {
            return Ok(None);
        };
        let declared = Self::ALL.into_iter().find(|separator| separator.byte() == *byte);
        declared.map(Some).ok_or_else(|| {
            format!(
                "the first line declares the separator `{}`, and columns can be separated by commas, semicolons or tabs",
                byte.escape_ascii()
            )
        })
    }

    /// The only one of them in the header row; a comma if it has none.
    ///
    /// # Errors
    /// That it has several, and the option that says which one it is.
    pub fn of_header(line: &[u8]) -> Result<Self, String> {
        let mut in_quotes = false;
        let outside_of_quotes: Vec<u8> = line
            .iter()
            .copied()
            .filter(|byte| {
                in_quotes ^= *byte == b'"';
                !in_quotes
            })
            .collect();
        let found =
            Self::ALL.map(|separator| outside_of_quotes.contains(&separator.byte()).then_some(separator));
        let found: Vec<Self> = found.into_iter().flatten().collect();
        match found.as_slice() {
            [] => Ok(Self::Comma),
            [separator] => Ok(*separator),
            several => {
                let names: Vec<_> = several.iter().map(|separator| separator.name()).collect();
                let options = names.join(" or --separator ");
                Err(format!(
                    "the header row may be separated by more than one character ({}): say which with --separator \
                     {options}",
                    names.join(", ")
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_with_one_of_them_is_separated_by_it() {
        for (header, separator) in [
            ("a,b", Separator::Comma),
            ("a;b;c", Separator::Semicolon),
            ("a\tb", Separator::Tab),
            ("\"Name, first\";b", Separator::Semicolon),
            ("a", Separator::Comma),
        ] {
            assert_eq!(Separator::of_header(header.as_bytes()), Ok(separator), "{header}");
        }
    }

    #[test]
    fn a_declaration_is_one_character_behind_its_name() {
        for (line, declared) in [
            ("sep=,", Ok(Some(Separator::Comma))),
            ("sep=;", Ok(Some(Separator::Semicolon))),
            ("SEP=\t", Ok(Some(Separator::Tab))),
            ("\"sep=;\"", Ok(Some(Separator::Semicolon))),
            ("sep=", Ok(None)),
            ("sep=;;", Ok(None)),
            ("sep", Ok(None)),
            ("", Ok(None)),
        ] {
            assert_eq!(Separator::declared(line.as_bytes()), declared, "{line}");
        }
        let other = Separator::declared(b"sep=|").unwrap_err();
        assert!(
            other.starts_with("the first line declares the separator `|`"),
            "{other}"
        );
    }

    #[test]
    fn a_header_with_several_is_not_guessed_at() {
        let refused = Separator::of_header(b"a;Name, first;b").unwrap_err();
        assert!(
            refused
                .ends_with("(comma, semicolon): say which with --separator comma or --separator semicolon"),
            "{refused}"
        );
    }
}
