/** The campaign that a page's address names: `/campaigns/{id}`, `/overlay/{id}`. */
export function campaignOfAddress(path: string): string {
  const text = path.split("/")[2] ?? "";
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
