import { describe, expect, it } from "vitest";
import type { EvidenceWeight, Named, Turn } from "../api/types.ts";
import { bars, filled, helpedShare, named, readerFor, telling } from "./explanation.ts";

const text = { zh: "故障", en: "fault" };
const at = "2026-11-23T12:00:00Z";
const fault = (p: number): Named => ({ fault: "f", name: text, p, word: "likely" });
const turn = (p: number): Turn => ({ variable: "v", state: `${p}`, text, who: text, chance: 0.1, then: fault(p) });
const weight = (nats: number): EvidenceWeight => ({ variable: `v${nats}`, state: "s", text, at, confidence: 1, nats, decibans: nats * 4.34 });

describe("whom an explanation is for", () => {
  it("follows the role, until somebody chooses otherwise", () => {
    expect(readerFor("viewer", null)).toBe("merchant");
    expect(readerFor("agent", null)).toBe("agent");
    expect(readerFor("operator", null)).toBe("technician");
    expect(readerFor("admin", null)).toBe("technician");
    expect(readerFor("admin", "merchant")).toBe("merchant");
  });

  it("does not believe what was kept by another program", () => {
    expect(readerFor("agent", "boss")).toBe("agent");
    expect(readerFor(undefined, null)).toBe("merchant");
  });
});

describe("what may be named", () => {
  it("names from 30 % on and nothing below", () => {
    expect(named(fault(0.3))?.fault).toBe("f");
    expect(named(fault(0.299))).toBeUndefined();
    expect(named(undefined)).toBeUndefined();
  });

  it("leaves out answers that would put a cause first which must not be named either", () => {
    expect(telling([turn(0.8), turn(0.2), turn(0.3)]).map((t) => t.state)).toEqual(["0.8", "0.3"]);
    expect(telling(null)).toEqual([]);
  });
});

describe("the bars of the weights", () => {
  it("share one scale, with room for both sides", () => {
    const chart = bars([weight(3), weight(-1)]);
    expect(chart.zero).toBeCloseTo(0.25);
    expect(chart.bars.map((b) => [b.from, b.length])).toEqual([
      [0.25, 0.75],
      [0, 0.25],
    ]);
  });

  it("give no room to a side that nothing is on", () => {
    expect(bars([weight(2), weight(1)]).zero).toBe(0);
    expect(bars([weight(-2)])).toMatchObject({ zero: 1, bars: [{ from: 0, length: 1 }] });
  });

  it("stay within the picture, and leave out what could not be seen", () => {
    const many = Array.from({ length: 30 }, (_, i) => weight(i % 2 ? -5 / (i + 1) : 5 / (i + 1)));
    const chart = bars([...many, weight(0.01)]);
    expect(chart.bars).toHaveLength(10);
    for (const bar of chart.bars) {
      expect(bar.from).toBeGreaterThanOrEqual(-1e-9);
      expect(bar.from + bar.length).toBeLessThanOrEqual(1 + 1e-9);
    }
    expect(bars([weight(0.01)]).bars).toEqual([]);
    expect(bars(undefined)).toEqual({ zero: 0, bars: [] });
  });
});

it("fills more marks the stronger an argument is", () => {
  expect([filled("strong"), filled("clear"), filled("slight")]).toEqual([3, 2, 1]);
});

it("speaks of no share where nothing was tried", () => {
  expect(helpedShare({ tried: 0, helped: 0 })).toBeUndefined();
  expect(helpedShare({ tried: 8, helped: 6 })).toBe(0.75);
});
