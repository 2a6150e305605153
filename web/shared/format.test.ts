import { describe, expect, it } from "vitest";
import { absolute, ago, almost, fine, minutes, percent, reading, rounded, signed, span, told } from "./format.ts";

const now = Date.parse("2026-11-23T12:00:00Z");
const before = (seconds: number) => new Date(now - seconds * 1000).toISOString();

describe("ago", () => {
  it("says the age in the largest whole unit", () => {
    expect(ago(before(59.9), now, "en")).toBe("59 seconds ago");
    expect(ago(before(60), now, "en")).toBe("1 minute ago");
    expect(ago(before(3 * 3600 + 59 * 60), now, "en")).toBe("3 hours ago");
    expect(ago(before(38 * 60), now, "zh")).toBe("38分钟前");
  });

  it("takes a time a little ahead of this clock for now", () => {
    expect(ago(before(-30), now, "en")).toBe("now");
    expect(ago(before(2), now, "zh")).toBe("现在");
  });
});

describe("span", () => {
  it("is short", () => {
    expect(span(38 * 60, "en")).toBe("38 min");
    expect(span(38 * 60, "zh")).toBe("38分钟");
    expect(span(-5, "en")).toBe("0 sec");
  });
});

describe("minutes", () => {
  it("rounds as a person would", () => {
    expect(minutes(0.5, "en")).toBe("30 sec");
    expect(minutes(0.02, "en")).toBe("5 sec");
    expect(minutes(2.4, "zh")).toBe("2分钟");
    expect(minutes(90, "en")).toBe("1 hr");
  });
});

describe("absolute", () => {
  it("has the date first and 24 hours", () => {
    expect(absolute(new Date(2026, 10, 3, 4, 5, 6).toISOString())).toBe("2026-11-03 04:05:06");
  });

  it("says nothing about what is no time", () => {
    expect(absolute("soon")).toBe("");
  });
});

describe("told", () => {
  it("knows that Go's zero time tells nothing", () => {
    expect(told(undefined)).toBe(false);
    expect(told("0001-01-01T00:00:00Z")).toBe(false);
    expect(told("2026-11-23T12:00:00Z")).toBe(true);
  });
});

describe("reading", () => {
  it.each([
    ["battery_percent", 64, "64%"],
    ["temperature_c", 38.5, "38.5 °C"],
    ["disk_free_bytes", 2_400_000_000, "2.2 GB"],
    ["uptime_s", 76_300, "21 hr"],
    ["clock_offset_ms", -40, "-40 ms"],
    ["params_version", 7, "7"],
  ])("gives %s its unit", (name, value, text) => {
    expect(reading(name, value, undefined, "en")).toBe(text);
  });

  it("prefers words to a number", () => {
    expect(reading("app_version", 0, "6.2.0", "en")).toBe("6.2.0");
  });
});

describe("percent", () => {
  it("keeps one digit only where there is nothing else", () => {
    expect(percent(0.864, "en")).toBe("86%");
    expect(percent(0.0049, "en")).toBe("0.5%");
  });
});

describe("figures for whoever checks the reckoning", () => {
  it("never claim certainty, nor that something cannot be", () => {
    expect([almost(0.99996, "en"), almost(0.9965, "en"), almost(0.0001, "en"), almost(0, "en"), almost(1, "en")]).toEqual(["> 99.9%", "99.7%", "< 0.1%", "0.0%", "100.0%"]);
  });

  it("carry their sign, but none where nothing is left after rounding", () => {
    expect([signed(17.07, 1, "en"), signed(-6.81, 1, "zh"), signed(-0.004, 2, "en"), signed(0, 1, "en")]).toEqual(["+17.1", "−6.8", "0.00", "0.0"]);
  });

  it("keep no more digits than asked for", () => {
    expect([rounded(5.2549, 2, "en"), rounded(1234.5, 0, "en"), fine(0.0488, "en")]).toEqual(["5.25", "1,235", "4.9%"]);
  });
});
