//! Which column of a table holds which field of a row.

use std::str::FromStr;

use crate::tools::backfill::events::members::OF_A_CAMPAIGN;
use crate::tools::backfill::spelling::is_alike;

/// The fields of a row, each with true if a table must have it.
const FIELDS: [(&str, bool); 18] = [
    ("donationId", true),
    ("campaignId", true),
    ("amount", true),
    ("timestamp", false),
    ("donorId", false),
    ("isGuest", false),
    ("refundedAmount", false),
    ("eventType", false),
    ("eventId", false),
    ("refundId", false),
    ("reason", false),
    ("currency", false),
    ("paymentId", false),
    ("status", false),
    ("paymentStatus", false),
    ("refunded", false),
    ("isRefunded", false),
    ("refundedAt", false),
];

/// Fields whose absence would cost money, donors or times without a word, so the operator is asked about a column whose name is
/// another spelling. Not eventId and reason, which are also the names of other things.
const ASKED_ABOUT: [&str; 13] = [
    "donorId",
    "isGuest",
    "refundedAmount",
    "eventType",
    "refundId",
    "currency",
    "paymentId",
    "timestamp",
    "status",
    "paymentStatus",
    "refunded",
    "isRefunded",
    "refundedAt",
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
        let known: Vec<_> = FIELDS
            .map(|(field, _)| field)
            .into_iter()
            .chain(OF_A_CAMPAIGN)
            .collect();
        let (field, column) = text
            .split_once('=')
            .ok_or("expected FIELD=COLUMN, such as amount=total_usd")?;
        let field = known
            .iter()
            .copied()
            .find(|known| *known == field)
            .ok_or_else(|| format!("`{field}` is no field; the fields are {}", known.join(", ")))?;
        Ok(Self {
            field,
            column: column.to_owned(),
        })
    }
}

/// Returns true if a result depends on the member of this name.
pub fn is_field(name: &str) -> bool {
    FIELDS.iter().any(|(field, _)| *field == name)
}

/// The name of each column of this header in the object; none for a column that is left out.
///
/// # Errors
/// The field that is missing or named twice, and the option that may mend it.
pub fn members(header: &[&str], columns: &[Column]) -> Result<Vec<Option<String>>, String> {
    unambiguous(columns)?;
    let mut members = vec![None; header.len()];
    let of_campaigns = is_of_campaigns(header, columns);
    let facts = OF_A_CAMPAIGN
        .iter()
        .filter(|_| of_campaigns)
        .map(|field| (*field, false));
    for (field, required) in FIELDS.into_iter().chain(facts) {
        let required = required && (field == "campaignId" || !of_campaigns);
        let named = columns.iter().find(|column| column.field == field);
        let other = columns.iter().find(|column| column.column == field);
        let name = match (named, other) {
            (Some(column), _) => &column.column,
            (None, Some(other)) if required => {
                return Err(format!(
                    "the column `{field}` was named for {}; name the one that holds {field} with --column \
                     {field}=COLUMN",
                    other.field
                ));
            }
            // Its namesake was named for another field.
            (None, Some(_)) => continue,
            (None, None) => field,
        };
        let found: Vec<usize> = (0..header.len()).filter(|index| header[*index] == name).collect();
        match found.as_slice() {
            [index] => members[*index] = Some(field.to_owned()),
            [] if required || named.is_some() => {
                return Err(format!(
                    "there is no column `{name}` for {field} (columns: {}); name the one that holds it with \
                     --column {field}=COLUMN",
                    header.join(", ")
                ));
            }
            [] => no_other_spelling(field, header, columns)?,
            _ => {
                return Err(format!(
                    "there are {} columns `{name}`, and {field} can be in one only: rename the others",
                    found.len()
                ));
            }
        }
    }
    for (index, name) in header.iter().enumerate() {
        if members[index].is_none() && !is_field(name) {
            members[index] = Some(free_name(name, &members));
        }
    }
    Ok(members)
}

/// Returns true if the table is one of campaigns: it tells something of them, and names no donation.
fn is_of_campaigns(header: &[&str], columns: &[Column]) -> bool {
    let has = |field: &str| header.contains(&field) || columns.iter().any(|column| column.field == field);
    !has("donationId") && OF_A_CAMPAIGN.into_iter().any(has)
}

/// Checks that no field is given two columns, and no column two fields.
fn unambiguous(columns: &[Column]) -> Result<(), String> {
    for (index, column) in columns.iter().enumerate() {
        for other in &columns[..index] {
            if other.field == column.field {
                return Err(format!(
                    "--column names two columns for {}: `{}` and `{}`",
                    column.field, other.column, column.column
                ));
            }
            if other.column == column.column {
                return Err(format!(
                    "--column names `{}` for both {} and {}: a column holds one field",
                    column.column, other.field, column.field
                ));
            }
        }
    }
    Ok(())
}

/// Checks that no column is called by another spelling of a field that the operator has to be asked about.
fn no_other_spelling(field: &str, header: &[&str], columns: &[Column]) -> Result<(), String> {
    let same = |name: &&&str| is_alike(name, field) && columns.iter().all(|column| column.column != **name);
    match header.iter().find(same) {
        Some(name) if ASKED_ABOUT.contains(&field) => Err(format!(
            "the column `{name}` looks like {field}: say so with --column {field}={name}, or rename it"
        )),
        _ => Ok(()),
    }
}

/// The name, with a number behind it if another column has it already: no column is lost.
fn free_name(name: &str, members: &[Option<String>]) -> String {
    let taken = |name: &str| members.iter().flatten().any(|member| member == name);
    let numbered = (2..).map(|number| format!("{name}_{number}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    names.find(|name| !taken(name)).unwrap_or_default()
}
