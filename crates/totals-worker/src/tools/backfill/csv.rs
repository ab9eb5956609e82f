//! Tables of donations: each record becomes the JSON object of a bare row.

use std::io::Read;

use serde_json::{Map, Value};

use super::events::tells_state;
use super::lines::LineReader;
use super::row::{Input, MAX_ROW_BYTES, Object, Row};

use amount::AmountFormat;
use columns::Column;
use record::CsvRecord;
use separator::Separator;

mod amount;
mod columns;
mod record;
mod separator;

/// How a table is written, as far as the operator has to say so.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct TableOptions {
    /// The CSV column that holds a field; may be given for each
    #[arg(long = "column", value_name = "FIELD=COLUMN")]
    columns: Vec<Column>,
    /// What separates the columns of a CSV file [default: the only one of the three in its header row]
    #[arg(long, value_enum)]
    separator: Option<Separator>,
    /// The amounts of a CSV file have decimal commas, such as 1234,56
    #[arg(long)]
    decimal_comma: bool,
    /// How many decimals the currency has.
    #[arg(skip)]
    decimals: u8,
}

impl TableOptions {
    /// The same for amounts in a currency of so many decimals.
    pub fn with_decimals(self, decimals: u8) -> Self {
        Self { decimals, ..self }
    }

    /// Returns true if the operator has said anything.
    pub fn any(&self) -> bool {
        !self.columns.is_empty() || self.separator.is_some() || self.decimal_comma
    }
}

/// What to do about a file in another encoding.
const ENCODING: &str = "the file is UTF-16, and must be UTF-8: save it as \"CSV UTF-8\", or convert it with \
                        `iconv -f UTF-16 -t UTF-8 FILE > OTHER`";

/// The texts that databases and spreadsheets write for a field without a value.
const NOTHING: [&str; 4] = ["", "NULL", "null", "\\N"];

/// A CSV file being read.
pub struct Table<R = Input> {
    lines: LineReader<R>,
    /// None until the header row is read, if the operator has not named it.
    separator: Option<Separator>,
    amounts: AmountFormat,
    /// The name of each column in the object; none if another column has that name.
    members: Vec<Option<String>>,
}

impl<R: Read> Table<R> {
    /// Reads the header row.
    ///
    /// # Errors
    /// The problem with it, and the option that may mend it.
    pub fn new(file: R, options: &TableOptions) -> Result<Self, String> {
        let mut table = Self {
            lines: LineReader::new(file, ENCODING),
            separator: options.separator,
            amounts: AmountFormat {
                decimal_comma: options.decimal_comma,
                decimals: options.decimals,
                commas_separate: false,
            },
            members: Vec::new(),
        };
        let mut record = table.read()?;
        let declared = record
            .as_ref()
            .map(|record| Separator::declared(&record.original));
        if let Some(declared) = declared.transpose()?.flatten() {
            table.separator = options.separator.or(Some(declared));
            record = table.read()?;
        }
        table.amounts.commas_separate = table.separator == Some(Separator::Comma);
        let names = record.map_or_else(Vec::new, |record| record.fields);
        let names = names.iter().map(|name| {
            let name = std::str::from_utf8(name).map(str::trim);
            name.map_err(|_| "the header row is not UTF-8; save the file as CSV UTF-8".to_owned())
        });
        let names = names.collect::<Result<Vec<_>, _>>()?;
        if names.iter().all(|name| name.is_empty()) {
            return Err("there is no header row with the names of the columns".to_owned());
        }
        table.members = columns::members(&names, &options.columns)?;
        Ok(table)
    }

    /// How far it is read, in bytes.
    pub fn position(&self) -> u64 {
        self.lines.position()
    }

    /// The next record that is not an empty line.
    pub fn next(&mut self) -> Result<Option<Row>, String> {
        Ok(self.read()?.map(|record| Row {
            line: record.line,
            object: self.object(&record),
            original: record.original,
            held: None,
        }))
    }

    fn read(&mut self) -> Result<Option<CsvRecord>, String> {
        loop {
            let mut record = CsvRecord::new(self.lines.line() + 1);
            loop {
                let before = record.original.len();
                let read = self.lines.read(&mut record.original, MAX_ROW_BYTES);
                if matches!(read, Ok(true))
                    && self.separator.is_none()
                    && !record.original.trim_ascii().is_empty()
                {
                    self.separator = Some(Separator::of_header(&record.original)?);
                }
                let separator = self.separator.unwrap_or(Separator::Comma).byte();
                let problem = match read {
                    Ok(true) if record.original.len() == MAX_ROW_BYTES => {
                        format!("a row of {MAX_ROW_BYTES} bytes or more; is a quote left open?")
                    }
                    Ok(true) if record.ends_after(before, separator) => break,
                    Ok(true) => continue,
                    Ok(false) if before == 0 => return Ok(None),
                    Ok(false) => {
                        "a quote that begins in this row is never closed; close it, or double it if it \
                                  belongs to the text"
                            .to_owned()
                    }
                    Err(error) => error.to_string(),
                };
                return Err(format!("line {}: {problem}", record.line));
            }
            if !record.original.is_empty() {
                return Ok(Some(record));
            }
        }
    }

    fn object(&self, record: &CsvRecord) -> Object {
        let (found, expected) = (record.fields.len(), self.members.len());
        if let Some(field) = record.text_after_quote {
            return unreadable(format!(
                "text follows the closing quote of field {field}; is a quote before it left open, or not doubled?"
            ));
        }
        if found != expected {
            return unreadable(format!("the row has {found} fields, the header {expected}"));
        }
        let mut object = Map::new();
        let fields = record.fields.iter().zip(&record.quoted);
        for ((field, in_quotes), member) in fields.zip(&self.members) {
            let Some(member) = member else { continue };
            // Without the white space around it, like the names of the columns: an id with it would be another id.
            match std::str::from_utf8(field).map(str::trim) {
                Ok("") => {}
                Ok(text) if NOTHING.contains(&text) && (columns::is_field(member) || tells_state(member)) => {
                }
                Ok(text) => match self.value(member, text, *in_quotes) {
                    Ok(value) => {
                        object.insert(member.clone(), value);
                    }
                    Err(problem) => {
                        return Object::Unreadable("INVALID_AMOUNT", format!("{member} {problem}"));
                    }
                },
                Err(_) => return unreadable(format!("{member} is not UTF-8")),
            }
        }
        Object::Made(Value::Object(object).to_string())
    }

    /// Tables have no booleans: these are what databases and spreadsheets write for them.
    fn value(&self, member: &str, text: &str, in_quotes: bool) -> Result<Value, String> {
        Ok(match (member, text.to_ascii_lowercase().as_str()) {
            ("amount" | "refundedAmount" | "goalAmount", _) => {
                Value::from(self.amounts.read(text, in_quotes)?)
            }
            ("isGuest", "true" | "t" | "yes" | "1") => Value::Bool(true),
            ("isGuest", "false" | "f" | "no" | "0") => Value::Bool(false),
            _ => Value::from(text),
        })
    }
}

fn unreadable(reason: String) -> Object {
    Object::Unreadable("UNREADABLE_ROW", reason)
}

#[cfg(test)]
mod tests;
