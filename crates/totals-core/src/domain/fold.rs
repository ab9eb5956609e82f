//! The fold of a batch of events over what is stored about them.
//!
//! [`Fold`] is given the stored state of everything a batch touches, applies the events one by one in memory, and ends
//! with the states that changed and the change of each campaign's totals. The fold decides; the store only loads and
//! writes. Folding events one at a time or a thousand at a time gives the same totals, so the worker may batch as it
//! likes.

use std::collections::{HashMap, HashSet};

use super::{
    CampaignId, ContentHash, Creation, Donation, DonationId, DonorId, Effect, Event, EventId, EventKind,
    Facts, History, Refund, Timestamp,
};

/// A donor within a campaign.
pub type CampaignDonor = (CampaignId, DonorId);

/// What is stored about the events of a batch, changed by each event that the fold applies.
#[derive(Debug, Clone, Default)]
pub struct FoldState {
    /// The content of those events that were processed before.
    pub events: HashMap<EventId, ContentHash>,
    /// The donations that are stored.
    pub donations: HashMap<DonationId, Donation>,
    /// How many live pledges each donor has; absent if none. For a donor with many, the count may be too low, but must
    /// be higher than the number of pledges that the batch can refund.
    pub donors: HashMap<CampaignDonor, i64>,
    /// What is known of the campaigns of which events of the batch say something.
    pub facts: HashMap<CampaignId, Facts>,
}

/// What became of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// New: to be logged, with this effect on the totals of this campaign. A payment belongs to no campaign.
    Applied {
        /// The campaign whose totals the event moves, or would move if it moved any.
        campaign: Option<CampaignId>,
        /// What it moves.
        effect: Effect,
        /// A refund that came before its donation: which campaign it counts against is not known yet, and `campaign`
        /// is the one it names.
        early: bool,
    },
    /// Seen before with the same content: to be ignored. So is another creation of a donation whose donor was forgotten since.
    Duplicate,
    /// In conflict with what was seen before: to be set aside for a person to decide.
    Quarantined(Quarantine),
}

/// Why an event is set aside.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Quarantine {
    /// The id of a processed event, with other content.
    #[error("eventId {0} was already processed with different content")]
    EventIdReused(EventId),
    /// A second creation of a donation, with another amount, campaign or donor.
    #[error("donationId {0} was already created with another amount, campaign or donor")]
    DonationRedefined(DonationId),
}

impl Quarantine {
    /// The classes of all reasons.
    pub const CODES: [&'static str; 2] = ["EVENT_ID_REUSED", "DONATION_REDEFINED"];

    /// The reason's class, for metrics and for selecting dead letters.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::EventIdReused(_) => Self::CODES[0],
            Self::DonationRedefined(_) => Self::CODES[1],
        }
    }
}

/// A fold in progress: see the module.
#[derive(Debug, Default)]
pub struct Fold {
    state: FoldState,
    changed_donations: HashSet<DonationId>,
    changed_donors: HashSet<CampaignDonor>,
    changed_facts: HashSet<CampaignId>,
    effects: HashMap<CampaignId, Effect>,
    histories: HashMap<CampaignId, History>,
}

impl Fold {
    /// Starts from what is stored.
    pub fn new(state: FoldState) -> Self {
        Self {
            state,
            ..Self::default()
        }
    }

    /// Applies one event to the state.
    pub fn apply(&mut self, event: &Event) -> Outcome {
        let content = event.content_hash();
        match self.state.events.get(&event.id) {
            Some(known) if *known == content => return Outcome::Duplicate,
            Some(_) => return Outcome::Quarantined(Quarantine::EventIdReused(event.id.clone())),
            None => {}
        }
        let outcome = match &event.kind {
            EventKind::DonationCreated(donation, creation, stated) => {
                self.create(donation, creation, stated.unwrap_or(event.occurred_at))
            }
            EventKind::DonationRefunded(refund) => self.refund(refund),
            EventKind::PaymentCompleted(_) | EventKind::PaymentRefunded(_) => Outcome::Applied {
                campaign: None,
                effect: Effect::NONE,
                early: false,
            },
            EventKind::CampaignCreated(update)
            | EventKind::CampaignUpdated(update)
            | EventKind::CampaignStatusChanged(update) => {
                let campaign = update.campaign.clone();
                let facts = self.state.facts.entry(campaign.clone()).or_default();
                if facts.apply(update, event.occurred_at, &event.id) {
                    self.changed_facts.insert(campaign.clone());
                }
                // It exists, whatever else is known of it.
                self.effects.entry(campaign.clone()).or_default();
                Outcome::Applied {
                    campaign: Some(campaign),
                    effect: Effect::NONE,
                    early: false,
                }
            }
        };
        if let Outcome::Applied { .. } = outcome {
            self.state.events.insert(event.id.clone(), content);
        }
        outcome
    }

    /// The donations whose state changed.
    pub fn changed_donations(&self) -> impl Iterator<Item = (&DonationId, &Donation)> {
        self.changed_donations
            .iter()
            .filter_map(|id| self.state.donations.get_key_value(id))
    }

    /// The donors whose pledges changed, each with true if the donor has a live pledge.
    pub fn changed_donors(&self) -> impl Iterator<Item = (&CampaignDonor, bool)> {
        self.changed_donors
            .iter()
            .filter_map(|key| self.state.donors.get(key).map(|live| (key, *live > 0)))
    }

    /// The campaigns of which something else is known than before, each with all that is known.
    pub fn changed_facts(&self) -> impl Iterator<Item = (&CampaignId, &Facts)> {
        self.changed_facts
            .iter()
            .filter_map(|campaign| self.state.facts.get_key_value(campaign))
    }

    /// What is known of a campaign, if it is known otherwise than before.
    pub fn new_facts(&self, campaign: &CampaignId) -> Option<&Facts> {
        let changed = self.changed_facts.contains(campaign);
        changed.then(|| self.state.facts.get(campaign)).flatten()
    }

    /// The change of each campaign's totals. A campaign whose donations were created and refunded in one batch, or
    /// refunded before they were created, or of which only facts are known, is there with no effect: it has totals, of zero.
    pub fn effects(&self) -> impl Iterator<Item = (&CampaignId, Effect)> {
        self.effects.iter().map(|(campaign, effect)| (campaign, *effect))
    }

    /// The change of each campaign's history. A campaign of whose slots none changes may be there with an empty one.
    pub fn histories(&self) -> impl Iterator<Item = (&CampaignId, &History)> {
        self.histories.iter()
    }

    fn create(&mut self, id: &DonationId, creation: &Creation, at: Timestamp) -> Outcome {
        let donation = self.state.donations.get(id);
        let known = donation.and_then(|donation| donation.creation.as_ref());
        let effect = match known {
            Some(known) if known == creation => {
                // A donation without a time is in no slot, and its log may tell of an earlier one than this.
                if donation
                    .and_then(|donation| donation.at)
                    .is_some_and(|known| at < known)
                {
                    self.change(id, |donation| donation.at = Some(at))
                } else {
                    Effect::NONE
                }
            }
            // Its donor would be in the log again.
            Some(known) if known.is_same_but_forgotten(creation) => return Outcome::Duplicate,
            Some(_) => return Outcome::Quarantined(Quarantine::DonationRedefined(id.clone())),
            None => self.change(id, |donation| {
                donation.creation = Some(creation.clone());
                donation.at = Some(at);
            }),
        };
        Outcome::Applied {
            campaign: Some(creation.campaign.clone()),
            effect,
            early: false,
        }
    }

    fn refund(&mut self, refund: &Refund) -> Outcome {
        let donation = self.state.donations.get(&refund.donation);
        let counted = donation.and_then(|donation| donation.creation.as_ref());
        let early = counted.is_none();
        let campaign = counted
            .map_or(&refund.routed_to, |creation| &creation.campaign)
            .clone();
        let effect = self.change(&refund.donation, |donation| {
            donation.refunded = donation.refunded.saturating_add(refund.amount);
        });
        Outcome::Applied {
            campaign: Some(campaign),
            effect,
            early,
        }
    }

    /// Moves one donation and, with it, its donor, its campaign's totals and its campaign's history by `f(after) − f(before)`.
    fn change(&mut self, id: &DonationId, change: impl FnOnce(&mut Donation)) -> Effect {
        let donation = self.state.donations.entry(id.clone()).or_default();
        let (before, mut booked) = ((donation.contribution(), donation.is_live()), History::default());
        booked.unbook(donation);
        change(donation);
        booked.book(donation);
        let after = (donation.contribution(), donation.is_live());
        self.changed_donations.insert(id.clone());

        let Some(Creation { campaign, donor, .. }) = &donation.creation else {
            return Effect::NONE;
        };
        let pledges = i64::from(after.1) - i64::from(before.1);
        let donors = match donor {
            Some(donor) if pledges != 0 => {
                let key = (campaign.clone(), donor.clone());
                let live = self.state.donors.entry(key.clone()).or_default();
                let was_counted = *live > 0;
                *live += pledges;
                let donors = i64::from(*live > 0) - i64::from(was_counted);
                self.changed_donors.insert(key);
                donors
            }
            _ => 0,
        };
        let effect = Effect {
            amount_minor: after.0.minor() - before.0.minor(),
            pledges,
            donors,
        };
        *self.effects.entry(campaign.clone()).or_default() += effect;
        let history = self.histories.entry(campaign.clone()).or_default();
        history.add_all(&booked);
        effect
    }
}

#[cfg(test)]
mod tests;
