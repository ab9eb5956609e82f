//! Fields as the audit reads them: of millions of documents, so from their bytes, without serde in between.

use mongodb::bson::{RawBsonRef, RawDocument};

use crate::domain::InvalidId;

/// A document's fields of these names, found in one walk.
pub(super) fn fields<'a, const N: usize>(
    document: &'a RawDocument,
    names: [&str; N],
) -> Result<[Option<RawBsonRef<'a>>; N], String> {
    let mut found = [None; N];
    for element in document.iter_elements() {
        let element = element.map_err(|error| error.to_string())?;
        let key = element.key().as_str();
        if let Some(wanted) = names.iter().position(|name| *name == key) {
            found[wanted] = Some(element.value().map_err(|error| error.to_string())?);
        }
    }
    Ok(found)
}

/// A field that has to be there, as what it has to be.
pub(super) fn wanted<'a, T>(
    name: &str,
    value: Option<RawBsonRef<'a>>,
    read: impl Fn(RawBsonRef<'a>) -> Option<T>,
) -> Result<T, String> {
    let value = value.and_then(read);
    value.ok_or_else(|| format!("{name} is missing, or of another type"))
}

pub(super) fn text<'a>(name: &str, value: Option<RawBsonRef<'a>>) -> Result<&'a str, String> {
    wanted(name, value, RawBsonRef::as_str)
}

pub(super) fn id<'a, T>(name: &str, value: Option<RawBsonRef<'a>>) -> Result<T, String>
where
    T: TryFrom<&'a str, Error = InvalidId>,
{
    T::try_from(text(name, value)?).map_err(|error| format!("{name} {error}"))
}
