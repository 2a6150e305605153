import { describe, expect, it } from "vitest";
import type { Attempt, CaseView, Diagnosis, Ranked } from "../api/types.ts";
import { current, effort, evidence, indifferent, leading, others, stages, standing } from "./diagnosis.ts";

const at = "2026-11-23T12:00:00Z";
const text = { zh: "故障", en: "fault" };

function ranked(fault: string, p: number, more: Partial<Ranked> = {}): Ranked {
  return { fault, name: text, group: "software", who: "merchant", p, word: "very_likely", ...more };
}

function diagnosis(list: Ranked[], more: Partial<Diagnosis> = {}): Diagnosis {
  const evidenceList = ["screen", "network", "battery"].map((variable) => ({ variable, state: "s", at, source: "probe", detail: variable }));
  return { at, pack: { id: "core", version: "1", hash: "ab" }, verdict: "clear", ranked: list, evidence: evidenceList, ...more };
}

function attempt(state: string, more: Partial<Attempt> = {}): Attempt {
  return { id: "a1", case: "c1", terminal: "t1", step: "restart_app", kind: "do", by: "remote", command: "restart_app", state, created_at: at, expires: at, ...more };
}

function live(attempts: Attempt[], more: Partial<CaseView> = {}): CaseView {
  return { id: "c1", terminal: "t1", state: "diagnosing", opened_at: at, opened_by: "silence", reopened: 0, revision: 1, words: {}, attempts, steps: {}, timeline: [], hazards: {}, ...more };
}

describe("which cause is named", () => {
  it("names the first one when it is probable enough", () => {
    expect(leading(diagnosis([ranked("a", 0.3), ranked("b", 0.2)]))?.fault).toBe("a");
  });

  it("names none below that, and none without a diagnosis", () => {
    expect(leading(diagnosis([ranked("a", 0.29)]))).toBeUndefined();
    expect(leading(undefined)).toBeUndefined();
    expect(leading(diagnosis([], { ranked: null }))).toBeUndefined();
  });

  it("gives at most two more, and only those worth a line", () => {
    const d = diagnosis([ranked("a", 0.6), ranked("b", 0.2), ranked("c", 0.1), ranked("d", 0.05)]);
    expect(others(d).map((r) => r.fault)).toEqual(["b", "c"]);
    expect(others(diagnosis([ranked("a", 0.98), ranked("b", 0.02)]))).toEqual([]);
  });
});

describe("the evidence list", () => {
  const d = diagnosis(
    [
      ranked("a", 0.9, {
        for: [{ variable: "screen", state: "frozen", weight: 2.5, at }],
        against: [
          { variable: "network", state: "ok", weight: -0.8, at },
          { variable: "battery", state: "ok", weight: -0.1, at },
        ],
      }),
    ],
    { unlooked: ["sim"] },
  );

  it("says what speaks for the cause, what against it, and what nobody has looked at", () => {
    expect(evidence(d).map((e) => [e.sign, e.variable])).toEqual([
      ["for", "screen"],
      ["against", "network"],
      ["unknown", "sim"],
    ]);
  });

  it("brings the raw words and who said them", () => {
    expect(evidence(d)[0]).toMatchObject({ state: "frozen", source: "probe", detail: "screen" });
  });

  it("sets aside what hardly moves the scale, but keeps it", () => {
    expect(indifferent(d).map((f) => f.variable)).toEqual(["battery"]);
  });

  it("gives all that was found when no cause may be named", () => {
    const unsure = diagnosis([ranked("a", 0.1)], { unlooked: ["sim"] });
    expect(evidence(unsure).map((e) => e.variable)).toEqual(["screen", "network", "battery", "sim"]);
    expect(indifferent(unsure)).toEqual([]);
  });
});

const marks = (a: Attempt, state = "repairing") => stages(a, state).map((s) => `${s.name}:${s.mark}`);

describe("the way of an attempt", () => {
  it("shows a command waiting for the terminal", () => {
    expect(marks(attempt("queued"))).toEqual(["planned:past", "queued:now", "running:todo", "done:todo", "proof:todo"]);
  });

  it("never queues what a person does", () => {
    expect(marks(attempt("running", { command: undefined, by: "merchant" }))).toEqual(["planned:past", "running:now", "done:todo", "proof:todo"]);
  });

  it("is not at its end when it is done, only when it is proven", () => {
    expect(marks(attempt("done"), "verifying").at(-1)).toBe("proof:now");
    expect(marks(attempt("done"), "closed").at(-1)).toBe("proof:past");
    expect(marks(attempt("done"), "diagnosing").at(-1)).toBe("proof:todo");
  });

  it("ends where it failed", () => {
    expect(marks(attempt("failed", { started_at: at }))).toEqual(["planned:past", "queued:past", "running:past", "failed:bad"]);
    expect(marks(attempt("expired", { started_at: "0001-01-01T00:00:00Z" }))).toEqual(["planned:past", "queued:past", "expired:bad"]);
  });

  it("asks no proof of what only finds something out", () => {
    expect(marks(attempt("done", { kind: "probe" })).at(-1)).toBe("done:past");
  });
});

describe("what is under way", () => {
  it("prefers what has begun to what is only planned", () => {
    expect(current(live([attempt("running", { id: "r" }), attempt("planned", { id: "p" })]))?.id).toBe("r");
    expect(current(live([attempt("failed")]))).toBeUndefined();
    expect(current(live([], { attempts: null }))).toBeUndefined();
  });

  it("finds the attempt that stands for the next step", () => {
    const cost = { merchant_min: 0, desk_min: 0, downtime_min: 0, truck: 0, money: 0, risk: 0, insult: 0 };
    const next = { kind: "do", id: "restart_app", by: "remote", text, cost, minutes: 1 };
    const d = diagnosis([ranked("a", 0.9)], { next });
    expect(standing(live([attempt("failed", { id: "old" }), attempt("planned", { id: "new" })], { diagnosis: d }))?.id).toBe("new");
    expect(standing(live([attempt("planned", { step: "other" })], { diagnosis: d }))).toBeUndefined();
  });
});

describe("effort", () => {
  it("names the dearest kind first", () => {
    expect(effort({ merchant_min: 5, desk_min: 1, truck: 1 })).toBe("visit");
    expect(effort({ merchant_min: 5, desk_min: 1, truck: 0 })).toBe("shop");
    expect(effort({ merchant_min: 0, desk_min: 1, truck: 0 })).toBe("desk");
    expect(effort({ merchant_min: 0, desk_min: 0, truck: 0 })).toBe("none");
  });
});
