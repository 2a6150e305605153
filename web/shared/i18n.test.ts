import { describe, expect, it } from "vitest";
import en from "../locales/console.en.json" with { type: "json" };
import zh from "../locales/console.zh-CN.json" with { type: "json" };
import { pick, say, startLang } from "./i18n.ts";

const holes = (sentence: string) => [...sentence.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).toSorted();

describe("the catalogues", () => {
  it("have the same keys in both languages", () => {
    expect(Object.keys(zh).toSorted()).toEqual(Object.keys(en).toSorted());
  });

  it.each(Object.keys(en) as (keyof typeof en)[])("%s has a sentence and the same holes in both", (key) => {
    expect(en[key]).not.toBe("");
    expect(zh[key]).not.toBe("");
    expect(holes(zh[key])).toEqual(holes(en[key]));
  });

  it("give every sentence that depends on a number both of its forms", () => {
    const keys = new Set(Object.keys(en));
    for (const key of keys) {
      if (key.endsWith("_one")) expect(keys).toContain(key.replace(/_one$/, "_other"));
      if (key.endsWith("_other")) expect(keys).toContain(key.replace(/_other$/, "_one"));
    }
  });

  it("hold no English sentence in the Chinese one", () => {
    const same = Object.entries(zh).filter(([key, sentence]) => en[key as keyof typeof en] === sentence);
    expect(same.map(([key]) => key).toSorted()).toEqual(["app.name", "terminal.id.mid", "terminal.id.tid"]);
  });

  it("never say 工单, which could be a ticket or a visit", () => {
    expect(Object.values(zh).filter((sentence) => sentence.includes("工单"))).toEqual([]);
  });
});

describe("say", () => {
  const catalogue = { hello: "hello {name}", cases_one: "{n} case", cases_other: "{n} cases" };

  it("fills the holes and leaves unknown ones visible", () => {
    expect(say(catalogue, "en", "hello", { name: "Li" })).toBe("hello Li");
    expect(say(catalogue, "en", "hello")).toBe("hello {name}");
  });

  it("counts as the language does", () => {
    expect(say(catalogue, "en", "cases", { n: 1 })).toBe("1 case");
    expect(say(catalogue, "en", "cases", { n: 2 })).toBe("2 cases");
    expect(say(catalogue, "zh", "cases", { n: 1 })).toBe("1 cases");
  });

  it("shows a key that has no sentence", () => {
    expect(say(catalogue, "en", "no.such")).toBe("no.such");
  });
});

describe("startLang", () => {
  it("prefers the address, then what was chosen before, then the browser", () => {
    expect(startLang("?lang=en", "zh", "zh-CN")).toBe("en");
    expect(startLang("", "zh", "en-US")).toBe("zh");
    expect(startLang("", null, "zh-TW")).toBe("zh");
    expect(startLang("", null, "de-DE")).toBe("en");
  });
});

describe("pick", () => {
  it("gives the other language rather than nothing", () => {
    expect(pick({ zh: "断网", en: "" }, "en")).toBe("断网");
    expect(pick({ zh: "", en: "no network" }, "zh")).toBe("no network");
    expect(pick(undefined, "zh")).toBe("");
  });
});
