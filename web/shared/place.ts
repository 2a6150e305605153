/** The place of a terminal without the shop's name before it, which stands beside it anyway. */
export function placeOf(site: string, merchant: string): string {
  if (site === merchant) return "";
  return site.startsWith(merchant) ? site.slice(merchant.length).replace(/^[\s,，·-]+/, "") : site;
}
