/** Makes the elements known to the browser, once, however many scripts of a page bring them. */

import { CampaignDonations } from "./donations";
import { CampaignThermometer } from "./thermometer";
import { CampaignTotal, PlatformTotal } from "./total";

const ELEMENTS = {
  "campaign-total": CampaignTotal,
  "campaign-thermometer": CampaignThermometer,
  "campaign-donations": CampaignDonations,
  "platform-total": PlatformTotal,
};

export function defineElements(): void {
  for (const [name, element] of Object.entries(ELEMENTS)) {
    if (!customElements.get(name)) customElements.define(name, element);
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "campaign-total": CampaignTotal;
    "campaign-thermometer": CampaignThermometer;
    "campaign-donations": CampaignDonations;
    "platform-total": PlatformTotal;
  }
}
