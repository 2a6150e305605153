// What a person reads out of a diagnosis: pure rules, no words and no markup. The same rules serve every face.
import type { Attempt, CaseBrief, CaseView, Diagnosis, Finding, Ranked, Reason, Text } from "../api/types.ts";

/** Below this probability no cause is named: a guess would be taken for knowledge. */
export const NAMEABLE = 0.3;

/** At most this many causes are shown; more would not be read. */
const SHOWN = 3;

/** What else it could be must at least be this probable to be worth a line. */
const WORTH_A_LINE = 0.03;

/** The cause that may be named, if one is probable enough. */
export function leading(d: Diagnosis | undefined): Ranked | undefined {
  const top = d?.ranked?.[0];
  return top && top.p >= NAMEABLE ? top : undefined;
}

/** The cause of a case in a line, if it was probable enough to be named. */
export function namedFault(brief: CaseBrief | undefined): Text | undefined {
  return brief?.fault && (brief.p ?? 0) >= NAMEABLE ? brief.fault : undefined;
}

/** What else it could be, most probable first. */
export function others(d: Diagnosis | undefined): Ranked[] {
  const ranked = d?.ranked ?? [];
  const named = leading(d) ? 1 : 0;
  return ranked.slice(named, SHOWN).filter((r) => r.p >= WORTH_A_LINE);
}

/** A finding that shifts the odds by less than this (natural log of a ratio) is not worth a line of its own. */
const TELLING = 0.3;

export type Sign = "for" | "against" | "unknown";

/** One line of the evidence list. */
export type Evidence = {
  sign: Sign;
  variable: string;
  state?: string;
  at?: string;
  source?: string;
  detail?: string;
  weight?: number;
};

/**
 * The evidence about the leading cause: what speaks for it, what against it, and what nobody has looked at yet.
 * Without a leading cause nothing can be for or against it: then all evidence is given as it was found.
 */
export function evidence(d: Diagnosis): Evidence[] {
  const found = new Map((d.evidence ?? []).map((f) => [f.variable, f]));
  const top = leading(d);
  const known = top
    ? [...line("for", top.for, found), ...line("against", top.against, found)]
    : [...found.values()].map((f) => plain(f));
  return [...known, ...(d.unlooked ?? []).map((variable): Evidence => ({ sign: "unknown", variable }))];
}

function line(sign: Sign, reasons: Reason[] | null | undefined, found: Map<string, Finding>): Evidence[] {
  return telling(reasons).map((r) => ({
    sign,
    variable: r.variable,
    state: r.state,
    at: r.at,
    weight: r.weight,
    source: found.get(r.variable)?.source,
    detail: found.get(r.variable)?.detail,
  }));
}

function telling(reasons: Reason[] | null | undefined): Reason[] {
  return (reasons ?? []).filter((r) => Math.abs(r.weight) >= TELLING);
}

function plain(f: Finding): Evidence {
  return { sign: "for", variable: f.variable, state: f.state, at: f.at, source: f.source, detail: f.detail };
}

/** Evidence that was gathered but hardly moves the scale for the leading cause; shown on demand. */
export function indifferent(d: Diagnosis): Finding[] {
  const top = leading(d);
  if (!top) return [];
  const used = new Set([...telling(top.for), ...telling(top.against)].map((r) => r.variable));
  return (d.evidence ?? []).filter((f) => !used.has(f.variable));
}

const final: ReadonlySet<string> = new Set(["done", "failed", "refused", "expired", "cancelled"]);

export function isFinal(state: string): boolean {
  return final.has(state);
}

/** The attempt that is under way, or else planned; the newest of them. */
export function current(c: CaseView): Attempt | undefined {
  const open = (c.attempts ?? []).filter((a) => !isFinal(a.state));
  return open.findLast((a) => a.state !== "planned") ?? open.at(-1);
}

/** The attempt that stands for the next step of the diagnosis, so that it is not shown twice. */
export function standing(c: CaseView): Attempt | undefined {
  const next = c.diagnosis?.next;
  return (c.attempts ?? []).findLast((a) => a.step === next?.id && !isFinal(a.state));
}

export type Stage = { name: string; mark: "past" | "now" | "todo" | "bad" };

const way = ["planned", "queued", "running", "done"];

/** The way of an attempt from plan to proof, with where it stands. A person's step is never queued. */
export function stages(a: Attempt, caseState: string): Stage[] {
  const steps = way.filter((s) => s !== "queued" || a.command !== undefined);
  if (a.state !== "done" && isFinal(a.state)) return broken(a, steps);
  const at = steps.indexOf(a.state);
  const out = steps.map((name, i): Stage => ({ name, mark: i < at || a.state === "done" ? "past" : i === at ? "now" : "todo" }));
  return changes(a) ? [...out, { name: "proof", mark: proof(a, caseState) }] : out;
}

function broken(a: Attempt, steps: string[]): Stage[] {
  const reached = steps.slice(0, told(a.started_at) ? steps.indexOf("running") + 1 : steps.indexOf("running"));
  return [...reached.map((name): Stage => ({ name, mark: "past" })), { name: a.state, mark: "bad" }];
}

function told(at: string | undefined): boolean {
  return at !== undefined && !at.startsWith("0001-");
}

function proof(a: Attempt, caseState: string): Stage["mark"] {
  if (a.state !== "done") return "todo";
  if (caseState === "closed") return "past";
  return caseState === "verifying" ? "now" : "todo";
}

/** Whether an attempt can have cured something, as opposed to only finding something out. */
export function changes(a: Attempt): boolean {
  return a.kind === "do" || a.kind === "handover";
}

/** The unit of a person's time a step costs most of, for "costs": the shop's or the desk's minutes, or a visit. */
export function effort(cost: { merchant_min: number; desk_min: number; truck: number }): "visit" | "shop" | "desk" | "none" {
  if (cost.truck > 0) return "visit";
  if (cost.merchant_min > 0) return "shop";
  return cost.desk_min > 0 ? "desk" : "none";
}
