// How an explanation is laid out for its three readers: pure rules, no words and no markup.
import type { Argument, EvidenceWeight, Named, Reader, Turn, User } from "../api/types.ts";
import { NAMEABLE } from "./diagnosis.ts";

export const readers: readonly Reader[] = ["merchant", "agent", "technician"];

const usual: Record<User["role"], Reader> = { viewer: "merchant", agent: "agent", operator: "technician", admin: "technician" };

/** Whom an explanation is for: as chosen before on this machine, or else what somebody of this role works with. */
export function readerFor(role: User["role"] | undefined, kept: string | null): Reader {
  return readers.find((each) => each === kept) ?? usual[role ?? "viewer"] ?? "merchant";
}

/** A fault that may be named: below that probability a guess would be taken for knowledge. */
export function named(n: Named | undefined): Named | undefined {
  return n && n.p >= NAMEABLE ? n : undefined;
}

/** Answers that would put a cause first which may then be named; the others would change nothing that is told. */
export function telling(turns: Turn[] | null | undefined): Turn[] {
  return (turns ?? []).filter((turn) => named(turn.then));
}

const marks: Record<Argument["strength"], number> = { strong: 3, clear: 2, slight: 1 };

/** How many of three marks a strength fills. */
export function filled(strength: Argument["strength"]): number {
  return marks[strength];
}

/** Evidence with a weight below this (nats) is not drawn: its bar could not be seen. */
const DRAWN = 0.05;

/** More bars than this are not read; the table has all. */
const BARS = 10;

/** A bar of the chart: where it begins and how long it is, in shares of the whole width. */
export type Bar = { weight: EvidenceWeight; from: number; length: number };

/** The bars of the weights, strongest first, with the place of zero: room is only kept for a side that is used. */
export function bars(weights: EvidenceWeight[] | null | undefined): { zero: number; bars: Bar[] } {
  const drawn = (weights ?? []).filter((w) => Math.abs(w.nats) >= DRAWN).slice(0, BARS);
  const most = Math.max(0, ...drawn.map((w) => w.nats));
  const least = Math.min(0, ...drawn.map((w) => w.nats));
  const width = most - least || 1;
  const zero = Math.abs(least) / width;
  return {
    zero,
    bars: drawn.map((weight) => {
      const length = Math.abs(weight.nats) / width;
      return { weight, length, from: weight.nats < 0 ? zero - length : zero };
    }),
  };
}

/** What has been tried and what helped, where there is enough to speak of a share. */
export function helpedShare(record: { tried: number; helped: number }): number | undefined {
  return record.tried > 0 ? record.helped / record.tried : undefined;
}
