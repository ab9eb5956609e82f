//! One donation's state and its contribution: the function `f(created, refunded)`, which all totals are sums of.
//!
//! State only grows: the creation is set once, refunds add up. The contribution is a function of that state alone, so
//! any order of a donation's events leads to the same contribution.

use super::{CampaignId, DonorId, Money, Timestamp};

/// The one creation that counts for a donation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Creation {
    /// The campaign that every later refund counts against, whatever campaign the refund names.
    pub campaign: CampaignId,
    /// The donor to count; none for guests and donations without a donor id.
    pub donor: Option<DonorId>,
    /// What was donated.
    pub amount: Money,
}

impl Creation {
    /// Returns true if both say the same but for a donor who is forgotten here, and whom the other still names.
    pub fn is_same_but_forgotten(&self, other: &Self) -> bool {
        let is_forgotten = self.donor.as_ref().is_some_and(DonorId::is_forgotten);
        is_forgotten && self.campaign == other.campaign && self.amount == other.amount
    }
}

/// A donation as far as its events have been seen: a refund may come before the creation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Donation {
    /// The creation, once seen.
    pub creation: Option<Creation>,
    /// The sum of the refunds seen; it may exceed the donated amount.
    pub refunded: Money,
    /// When it was made: the earliest time of its creations, whichever came first. None before the creation, and for a donation
    /// that an earlier version has stored: such a one is not in the history before a rebuild has told its time.
    pub at: Option<Timestamp>,
}

impl Donation {
    /// What the donation adds to its campaign's amount: nothing before its creation, then what refunds have left.
    pub fn contribution(&self) -> Money {
        match &self.creation {
            None => Money::ZERO,
            Some(creation) => creation.amount.minus_clamped(self.refunded),
        }
    }

    /// Returns true if the donation is a live pledge: if it contributes anything.
    pub fn is_live(&self) -> bool {
        self.contribution() > Money::ZERO
    }

    /// The campaign and the donor that the donation counts for; `None` if it is not live or has no donor.
    pub fn live_donor(&self) -> Option<(&CampaignId, &DonorId)> {
        let Creation { campaign, donor, .. } = self.creation.as_ref().filter(|_| self.is_live())?;
        Some((campaign, donor.as_ref()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn donation(amount: Option<i64>, refunded: i64) -> Donation {
        let creation = amount.map(|minor| Creation {
            campaign: CampaignId::try_from("c").unwrap(),
            donor: None,
            amount: Money::from_minor(minor),
        });
        Donation {
            creation,
            refunded: Money::from_minor(refunded),
            at: None,
        }
    }

    #[test]
    fn a_donation_contributes_what_refunds_have_left_and_never_less_than_nothing() {
        for (amount, refunded, contribution) in [
            (None, 0, 0),
            (None, 5, 0),
            (Some(10), 0, 10),
            (Some(10), 4, 6),
            (Some(10), 10, 0),
            (Some(10), 99, 0),
        ] {
            let donation = donation(amount, refunded);
            assert_eq!(donation.contribution().minor(), contribution);
            assert_eq!(donation.is_live(), contribution > 0);
        }
    }
}
