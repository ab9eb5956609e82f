//! What many campaigns have raised together, as callers get it.

use serde::Serialize;
use totals_core::domain::money::DecimalNumber;
use totals_core::domain::{Currency, Timestamp};
use totals_core::store::Sum;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

/// The sum of many campaigns' totals.
#[derive(Debug, Serialize, ToSchema)]
pub struct SumBody {
    /// Always true.
    #[schema(default = true)]
    success: bool,
    data: SumData,
}

/// What many campaigns have raised together. Donors do not add up, since one may give to several campaigns.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SumOfTotals)]
pub struct SumData {
    #[schema(schema_with = super::amount)]
    total_amount: DecimalNumber,
    #[schema(schema_with = integer)]
    total_amount_minor: i128,
    /// Donations that were not wholly refunded.
    #[schema(value_type = i64, minimum = 0, example = 42)]
    total_pledges: i128,
    /// How many campaigns are in the sum.
    #[schema(minimum = 0, example = 3)]
    campaigns: u64,
    /// ISO 4217 code.
    #[schema(example = "USD")]
    currency: &'static str,
    /// When one of the campaigns last changed; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false, example = "2024-11-21T10:30:00.000Z")]
    last_updated: Option<Timestamp>,
}

/// An integer without a format: a sum may be beyond what 64 bits hold.
pub(super) fn integer() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(0))
        .description(Some(
            "The same in minor units of the currency (cents): an integer.",
        ))
        .examples([500_050])
        .build()
}

impl SumData {
    /// The sum as callers get it.
    pub fn new(sum: &Sum, currency: Currency) -> Self {
        Self {
            total_amount: currency.format_sum(sum.amount_minor),
            total_amount_minor: sum.amount_minor,
            total_pledges: sum.pledges,
            campaigns: sum.campaigns,
            currency: currency.code(),
            last_updated: sum.last_updated,
        }
    }

    /// The sum as JSON, as in a body and in an event.
    pub fn json(&self) -> Vec<u8> {
        // Cannot fail: it writes to memory.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl SumBody {
    /// The body of an answer.
    pub fn json(data: SumData) -> Vec<u8> {
        serde_json::to_vec(&Self { success: true, data }).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_beyond_64_bits_is_shown_digit_for_digit() {
        let sum = Sum {
            amount_minor: i128::from(i64::MAX) * 3,
            pledges: 7,
            campaigns: 3,
            last_updated: None,
        };
        let json = SumData::new(&sum, "USD".parse().unwrap()).json();
        let expected = r#"{"totalAmount":276701161105643274.21,"totalAmountMinor":27670116110564327421,"totalPledges":7,"campaigns":3,"currency":"USD"}"#;
        assert_eq!(String::from_utf8(json).unwrap(), expected);
    }
}
