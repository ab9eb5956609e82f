//! The campaigns of the demo: made up, in several languages and scripts, two of them written from right to left.

/// One campaign.
pub struct Campaign {
    pub id: &'static str,
    pub title: &'static str,
    pub category: &'static str,
    /// How much of its goal it has raised before the evening begins, in percent. Without one it has no goal.
    pub reached: Option<u32>,
}

/// The place of the campaign that an appeal on television is about, so that it passes its goal in the evening.
pub const APPEAL: usize = 1;

/// The place of the campaign that has no donation when the evening begins.
pub const NEW: usize = CAMPAIGNS.len() - 1;

/// In the order of their popularity.
pub const CAMPAIGNS: [Campaign; 18] = [
    with_goal("clean-water-tula", "Clean water for Tula", "water", 71),
    with_goal(
        "night-shelter",
        "A warm bed tonight: the winter appeal",
        "housing",
        88,
    ),
    with_goal(
        "kutub-lil-atfal",
        "كتاب لكل طفل في المدارس البعيدة",
        "education",
        46,
    ),
    with_goal(
        "mata-atlantica",
        "Reflorestar a Mata Atlântica",
        "environment",
        63,
    ),
    with_goal("kodomo-shokudo", "こども食堂に温かいごはんを", "food", 88),
    with_goal("kliniki-ngara", "Kliniki ya kijiji cha Ngara", "health", 35),
    with_goal(
        "un-techo",
        "Un techo para cada familia de San Isidro",
        "housing",
        52,
    ),
    with_goal("teplo", "Тепло для дитячих лікарень", "health", 79),
    with_goal("tierheim", "Ein neues Dach fürs Tierheim", "animals", 97),
    with_goal("kitaben", "हर बच्चे के लिए किताबें", "education", 28),
    with_goal("aruha-hama", "ארוחה חמה לכל קשיש", "food", 41),
    with_goal(
        "des-livres",
        "Des livres pour l’école de Saint-Aubin-sur-Mer",
        "education",
        112,
    ),
    with_goal("shanqu-nuhai", "山区女孩奖学金", "education", 57),
    with_goal(
        "okul-cantalari",
        "Deprem bölgesine okul çantaları",
        "education",
        66,
    ),
    with_goal("bonya", "বন্যার্তদের জন্য আশ্রয়", "emergency", 22),
    with_goal("yugigyeon", "유기견 보호소의 새 보금자리", "animals", 83),
    Campaign {
        reached: None,
        ..with_goal("hospice-garden", "A garden for the hospice", "health", 0)
    },
    with_goal("seed-library", "A seed library for Old Harbour", "environment", 0),
];

const fn with_goal(id: &'static str, title: &'static str, category: &'static str, reached: u32) -> Campaign {
    Campaign {
        id,
        title,
        category,
        reached: Some(reached),
    }
}
