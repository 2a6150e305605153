// How what was learned is put before a person: pure rules, no words and no markup.
import type { Candidate, LearnedChange, Score, User } from "../api/types.ts";

/** Whether somebody is trusted with an action, as the server says. */
export function may(user: User | null | undefined, action: string): boolean {
  return user?.may?.includes(action) ?? false;
}

/** Whether the page about the knowledge belongs among somebody's pages: operators watch it, administrators decide. */
export function watchesKnowledge(user: User | null | undefined): boolean {
  return may(user, "fleet.edit") || may(user, "knowledge.promote");
}

/** Below this, probabilities are all small: from 0.1 % to 0.2 % is no doubling that anybody would notice. */
const ATOM = 0.01;

/** How much a change matters: by how much the number moves, and how many cases are behind it. */
export function effect(change: LearnedChange): number {
  const ratio = (change.to.mean + ATOM) / (change.from.mean + ATOM);
  return Math.abs(Math.log(ratio)) * Math.sqrt(Math.max(0, change.cases));
}

/** The changes of a candidate, those that matter most first. */
export function byEffect(changes: LearnedChange[] | null | undefined): LearnedChange[] {
  return (changes ?? []).toSorted((a, b) => effect(b) - effect(a));
}

export type Direction = "up" | "down" | "same";

export function direction(change: LearnedChange): Direction {
  if (change.to.mean > change.from.mean) return "up";
  return change.to.mean < change.from.mean ? "down" : "same";
}

/** What a number of the gate's report is read as. */
export type Measure = {
  id: "top1" | "top3" | "log_loss" | "brier" | "ece" | "harmful";
  kind: "share" | "loss" | "count";
  higherIsBetter: boolean;
};

export const measures: readonly Measure[] = [
  { id: "top1", kind: "share", higherIsBetter: true },
  { id: "top3", kind: "share", higherIsBetter: true },
  { id: "log_loss", kind: "loss", higherIsBetter: false },
  { id: "brier", kind: "loss", higherIsBetter: false },
  { id: "ece", kind: "share", higherIsBetter: false },
  { id: "harmful", kind: "count", higherIsBetter: false },
];

export type Verdict = "better" | "worse" | "same";

/** Differences that would round away are none. */
const NOTICED: Record<Measure["kind"], number> = { share: 0.0005, loss: 0.0005, count: 0.5 };

/** How a measure came out; nothing can be said where no case was tried. */
export function compare(measure: Measure, before: Score | undefined, after: Score | undefined): Verdict | undefined {
  if (!before || !after || after.cases === 0) return undefined;
  const gain = (after[measure.id] - before[measure.id]) * (measure.higherIsBetter ? 1 : -1);
  if (Math.abs(gain) < NOTICED[measure.kind]) return "same";
  return gain > 0 ? "better" : "worse";
}

/** The cases in which harm would have been advised, over all that the gate tried: before and after. */
export function harm(report: Candidate["report"]): { before: number; after: number } {
  const count = (at: number) => (report.golden?.[at]?.harmful ?? 0) + (report.held?.[at]?.harmful ?? 0);
  return { before: count(0), after: count(1) };
}

/** How far a trial has come, from 0 to 1; by number or by time, whichever is further. */
export function trialProgress(shadow: { cases: number; wanted: number; until: string }, began: string, now: number): number {
  const byCases = shadow.wanted > 0 ? shadow.cases / shadow.wanted : 0;
  const start = new Date(began).getTime();
  const end = new Date(shadow.until).getTime();
  const byTime = end > start ? (now - start) / (end - start) : 0;
  return Math.min(1, Math.max(0, byCases, byTime));
}
