// The state of the fleet list lives in the address, so that it can be shared and "back" returns to it.
import type { Ability } from "../../../api/types.ts";

export const abilities: readonly Ability[] = ["can_sell", "restricted", "cannot_sell", "unknown"];

export type FleetSearch = { q?: string; ability?: Ability; attention?: boolean; cursor?: string };

/** Reads the address; what it does not know is left out. */
export function fleetSearch(search: Record<string, unknown>): FleetSearch {
  const ability = abilities.find((each) => each === search.ability);
  const q = text(search.q);
  const cursor = text(search.cursor);
  return {
    ...(q ? { q } : {}),
    ...(ability ? { ability } : {}),
    ...(search.attention === true || search.attention === "true" ? { attention: true } : {}),
    ...(cursor ? { cursor } : {}),
  };
}

function text(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

/** Whether any filter is set; paging is none. */
export function filtered(search: FleetSearch): boolean {
  return Boolean(search.q || search.ability || search.attention);
}
