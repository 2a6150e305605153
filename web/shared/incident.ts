// What a person reads out of a shared cause: pure rules, no words and no markup.
import type { Incident } from "../api/types.ts";
import { told } from "./format.ts";

export type Shared = { attribute: string; value: string };

/** What the terminals have in common, one attribute each; empty when it is all terminals. */
export function shared(incident: Incident): Shared[] {
  if (incident.attribute === "everybody") return [];
  return [{ attribute: incident.attribute, value: incident.value }, ...(incident.also ?? [])].map(unfold);
}

/** A push is named by what was pushed and its value: "app_version 3.2.1". */
function unfold(pair: Shared): Shared {
  if (pair.attribute !== "push") return pair;
  const [what = "", ...value] = pair.value.split(" ");
  return value.length > 0 ? { attribute: what, value: value.join(" ") } : pair;
}

/** The share of terminals that fail, here and elsewhere; unknown where there is nothing to count. */
export function shares(incident: Incident): { here?: number; elsewhere?: number } {
  return { here: share(incident.failing, incident.total), elsewhere: share(incident.others, incident.others_of) };
}

/** Neither none nor all is claimed where it is not so. */
function share(part: number, of: number): number | undefined {
  if (of <= 0) return undefined;
  const p = part / of;
  if (part > 0 && part < of) return Math.min(0.99, Math.max(0.01, p));
  return p;
}

/** The push behind it, if one is. */
export function push(incident: Incident): { attribute: string; value: string; at: string } | undefined {
  const p = incident.push;
  if (!p?.attribute || !told(p.at)) return undefined;
  return { attribute: p.attribute, value: p.value ?? "", at: p.at };
}
