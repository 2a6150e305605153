import { describe, expect, it } from "vitest";
import type { Incident } from "../api/types.ts";
import { push, shared, shares } from "./incident.ts";

const at = "2026-11-23T12:00:00Z";
const incident = (more: Partial<Incident>): Incident => ({
  id: "i1", attribute: "host", value: "h1", opened_at: at, failing: 38, total: 100, others: 1, others_of: 400, peak: 40, ratio: 20, sentence: { zh: "句", en: "sentence" }, ...more,
});

describe("what the terminals share", () => {
  it("is one attribute, or several together", () => {
    expect(shared(incident({}))).toEqual([{ attribute: "host", value: "h1" }]);
    expect(shared(incident({ attribute: "model", value: "A920", also: [{ attribute: "app_version", value: "3.2.1" }] })).map((p) => p.attribute)).toEqual(["model", "app_version"]);
  });

  it("is nothing narrower where everybody is hit", () => {
    expect(shared(incident({ attribute: "everybody", value: "" }))).toEqual([]);
  });

  it("is what was pushed, where a push is what they share", () => {
    expect(shared(incident({ attribute: "push", value: "app_version 3.2.1 beta" }))).toEqual([{ attribute: "app_version", value: "3.2.1 beta" }]);
    expect(shared(incident({ attribute: "push", value: "odd" }))).toEqual([{ attribute: "push", value: "odd" }]);
  });
});

describe("the shares that fail", () => {
  it("stand beside each other", () => {
    expect(shares(incident({}))).toEqual({ here: 0.38, elsewhere: 0.01 });
  });

  it("never say none or all where it is not so", () => {
    expect(shares(incident({ failing: 999, total: 1000, others: 1, others_of: 100_000 }))).toEqual({ here: 0.99, elsewhere: 0.01 });
    expect(shares(incident({ failing: 100, others: 0 }))).toEqual({ here: 1, elsewhere: 0 });
  });

  it("are unknown where there is nobody else", () => {
    expect(shares(incident({ others: 0, others_of: 0 })).elsewhere).toBeUndefined();
  });
});

it("names the push behind it only when it is known which and when", () => {
  expect(push(incident({}))).toBeUndefined();
  expect(push(incident({ push: { attribute: "params", value: "P4", at: "0001-01-01T00:00:00Z" } }))).toBeUndefined();
  expect(push(incident({ push: { attribute: "params", value: "P4", at } }))).toEqual({ attribute: "params", value: "P4", at });
});
