//! Tables of donations: each record becomes the JSON object of a bare donation.

use std::fs::File;
use std::io::{self, Read};
use std::str::FromStr;

use ::csv::{ByteRecord, Reader, ReaderBuilder, Terminator, Trim};
use serde_json::{Map, Value};

use super::rows::{MAX_ROW_BYTES, Object, Original, Row};

/// The fields of a donation, and whether a table must have them.
const FIELDS: [(&str, bool); 7] = [
    ("donationId", true),
    ("campaignId", true),
    ("amount", true),
    ("timestamp", true),
    ("donorId", false),
    ("isGuest", false),
    ("refundedAmount", false),
];

/// `FIELD=COLUMN`: which column holds a field.
#[derive(Debug, Clone)]
pub struct Column {
    field: &'static str,
    column: String,
}

impl FromStr for Column {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = FIELDS.map(|(field, _)| field);
        let (field, column) = text
            .split_once('=')
            .ok_or("expected FIELD=COLUMN, such as amount=total_usd")?;
        let field = known
            .into_iter()
            .find(|known| *known == field)
            .ok_or_else(|| format!("`{field}` is no field; the fields are {}", known.join(", ")))?;
        Ok(Self {
            field,
            column: column.to_owned(),
        })
    }
}

/// A CSV file being read.
pub struct Table<R = File> {
    reader: Reader<Guarded<R>>,
    /// What each column is called in the object; none if another column is called so.
    members: Vec<Option<String>>,
    record: ByteRecord,
}

impl<R: Read> Table<R> {
    /// Reads the header row.
    ///
    /// # Errors
    /// What is wrong with it, and the option that may mend it.
    pub fn new(file: R, columns: &[Column]) -> Result<Self, String> {
        let guarded = Guarded {
            file,
            left: MAX_ROW_BYTES,
        };
        // Flexible: a record with a field too few is rejected, and the rest is read on. A line ends at its line feed
        // alone, because the crate's own notion of CRLF counts lines one short.
        let mut reader = ReaderBuilder::new()
            .flexible(true)
            .trim(Trim::Headers)
            .terminator(Terminator::Any(b'\n'))
            .from_reader(guarded);
        let headers = reader.headers().map_err(|error| error.to_string())?;
        let headers: Vec<&str> = headers.iter().collect();
        if headers.iter().all(|name| name.is_empty()) {
            return Err("there is no header row with the names of the columns".to_owned());
        }
        let mut members: Vec<Option<String>> = headers
            .iter()
            .map(|name| Some((*name).to_owned()).filter(|name| FIELDS.iter().all(|(field, _)| field != name)))
            .collect();
        for (field, required) in FIELDS {
            let named = columns.iter().rev().find(|column| column.field == field);
            let name = named.map_or(field, |column| &column.column);
            match headers.iter().position(|header| *header == name) {
                Some(index) => members[index] = Some(field.to_owned()),
                None if required || named.is_some() => {
                    return Err(format!(
                        "there is no column `{name}` for {field} (columns: {}); name the one that holds it with \
                         --column {field}=COLUMN",
                        headers.join(", ")
                    ));
                }
                None => {}
            }
        }
        Ok(Self {
            reader,
            members,
            record: ByteRecord::new(),
        })
    }

    /// How far it is read, in bytes.
    pub fn position(&self) -> u64 {
        self.reader.position().byte()
    }

    /// The next record that is not an empty line.
    pub fn next(&mut self) -> Result<Option<Row>, String> {
        loop {
            let line = self.reader.position().line();
            self.reader.get_mut().left = MAX_ROW_BYTES;
            match self.reader.read_byte_record(&mut self.record) {
                Ok(false) => return Ok(None),
                Ok(true) => {}
                Err(error) => return Err(format!("line {line}: {error}")),
            }
            self.trim_carriage_return();
            if self.record.as_slice().is_empty() && self.record.len() == 1 {
                continue;
            }
            return Ok(Some(Row {
                line: self.record.position().map_or(line, ::csv::Position::line),
                object: self.object(),
                original: Original::Record(self.record.clone()),
                held: None,
            }));
        }
    }

    fn trim_carriage_return(&mut self) {
        let last = self.record.len().saturating_sub(1);
        if let Some(field) = self.record.get(last).and_then(|field| field.strip_suffix(b"\r")) {
            let field = field.to_vec();
            self.record.truncate(last);
            self.record.push_field(&field);
        }
    }

    fn object(&self) -> Object {
        let (found, expected) = (self.record.len(), self.members.len());
        if found != expected {
            return Object::Unreadable(format!("the row has {found} fields, the header {expected}"));
        }
        let mut object = Map::new();
        for (field, member) in self.record.iter().zip(&self.members) {
            let Some(member) = member else { continue };
            match std::str::from_utf8(field) {
                Ok("") => {}
                Ok(text) => {
                    object.insert(member.clone(), value(member, text));
                }
                Err(_) => return Object::Unreadable(format!("{member} is not UTF-8")),
            }
        }
        Object::Made(Value::Object(object).to_string())
    }
}

/// Tables have no booleans: these are what databases and spreadsheets write for them.
fn value(member: &str, text: &str) -> Value {
    match (member, text.to_ascii_lowercase().as_str()) {
        ("isGuest", "true" | "t" | "yes" | "1") => Value::Bool(true),
        ("isGuest", "false" | "f" | "no" | "0") => Value::Bool(false),
        _ => Value::from(text),
    }
}

/// Stops a quote that is never closed from reading the whole file into memory as one record.
struct Guarded<R> {
    file: R,
    left: usize,
}

impl<R: Read> Read for Guarded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            let problem = format!("a row of more than {MAX_ROW_BYTES} bytes; is a quote left open?");
            return Err(io::Error::other(problem));
        }
        let read = self.file.read(buffer)?;
        self.left = self.left.saturating_sub(read);
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
