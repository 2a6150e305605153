import { describe, expect, it } from "vitest";
import type { LearnedChange, Score, User } from "../api/types.ts";
import { byEffect, compare, direction, effect, harm, may, type Measure, measures, trialProgress, watchesKnowledge } from "./knowledge.ts";

const number = (mean: number) => ({ mean, experience: 10, source: "authors" });
const change = (fault: string, from: number, to: number, cases: number): LearnedChange => ({ what: "fixes", fault, from: number(from), to: number(to), cases });
const score = (more: Partial<Score>): Score => ({ cases: 50, top1: 0.8, top3: 0.9, log_loss: 0.7, brier: 0.3, ece: 0.05, ece_low: 0.03, ece_high: 0.08, ece_floor: 0.04, harmful: 0, ...more });
const measure = (id: Measure["id"]) => measures.find((m) => m.id === id) as Measure;
const user = (...actions: string[]): User => ({ name: "li.na", role: "operator", may: actions });

describe("who may decide", () => {
  it("goes by what the server grants and not by the role's name", () => {
    expect(may(user("knowledge.promote"), "knowledge.promote")).toBe(true);
    expect(may(user("fleet.see"), "knowledge.promote")).toBe(false);
    expect(may(undefined, "fleet.see")).toBe(false);
    expect(may({ name: "x", role: "admin", may: null }, "fleet.see")).toBe(false);
  });

  it("shows the page to whoever runs the fleet or decides about knowledge", () => {
    expect(watchesKnowledge(user("fleet.see", "fleet.edit"))).toBe(true);
    expect(watchesKnowledge(user("fleet.see", "case.answer"))).toBe(false);
  });
});

describe("the changes of a candidate", () => {
  it("come in the order of how far they move and how many cases are behind them", () => {
    const list = [change("small", 0.5, 0.51, 10), change("far", 0.1, 0.6, 10), change("far, one case", 0.1, 0.6, 1)];
    expect(byEffect(list).map((c) => c.fault)).toEqual(["far", "far, one case", "small"]);
    expect(byEffect(null)).toEqual([]);
  });

  it("count the same up as down", () => {
    expect(effect(change("a", 0.2, 0.4, 4))).toBeCloseTo(effect(change("a", 0.4, 0.2, 4)));
    expect(effect(change("a", 0.3, 0.3, 100))).toBe(0);
  });

  it("take no notice of a doubling among what hardly ever happens", () => {
    expect(effect(change("rare", 0.001, 0.002, 10))).toBeLessThan(effect(change("common", 0.3, 0.4, 10)));
  });

  it("say which way they go", () => {
    expect([change("a", 1, 2, 1), change("a", 2, 1, 1), change("a", 1, 1, 1)].map(direction)).toEqual(["up", "down", "same"]);
  });
});

describe("the gate's measures", () => {
  it("are better when a share rises, and when a loss, an error or harm falls", () => {
    expect(compare(measure("top1"), score({}), score({ top1: 0.85 }))).toBe("better");
    expect(compare(measure("log_loss"), score({}), score({ log_loss: 0.6 }))).toBe("better");
    expect(compare(measure("ece"), score({}), score({ ece: 0.09 }))).toBe("worse");
    expect(compare(measure("harmful"), score({}), score({ harmful: 1 }))).toBe("worse");
  });

  it("are the same when the difference would round away", () => {
    expect(compare(measure("brier"), score({}), score({ brier: 0.3002 }))).toBe("same");
  });

  it("say nothing where no case was tried", () => {
    expect(compare(measure("top1"), score({ cases: 0 }), score({ cases: 0 }))).toBeUndefined();
    expect(compare(measure("top1"), undefined, undefined)).toBeUndefined();
  });

  it("add up harm over all the cases that were tried", () => {
    const report = { golden: [score({ harmful: 1 }), score({ harmful: 2 })], held: [score({}), score({ harmful: 1 })], gain: { mean: 0, error: 0 }, passed: false, why: "harmful_advice" };
    expect(harm(report)).toEqual({ before: 1, after: 3 });
    expect(harm({ ...report, golden: null, held: null })).toEqual({ before: 0, after: 0 });
  });
});

describe("a trial", () => {
  const began = "2026-11-01T00:00:00Z";
  const until = "2026-11-15T00:00:00Z";
  it("is as far as its cases or its time are, whichever is further", () => {
    const now = new Date("2026-11-08T00:00:00Z").getTime();
    expect(trialProgress({ cases: 6, wanted: 30, until }, began, now)).toBe(0.5);
    expect(trialProgress({ cases: 24, wanted: 30, until }, began, now)).toBe(0.8);
  });

  it("never leaves its bounds", () => {
    expect(trialProgress({ cases: 40, wanted: 30, until }, began, 0)).toBe(1);
    expect(trialProgress({ cases: 0, wanted: 0, until: began }, began, 0)).toBe(0);
  });
});
