// Texts in zh and en: one catalogue a face and language, the same keys in both (a test says so), keys typed.
import type { Text } from "../api/types.ts";

export type Lang = "zh" | "en";
export type Params = Record<string, string | number>;
export type Catalogue = Record<string, string>;

/** The language to start with: ?lang= first, then what was chosen before, then what the browser prefers. */
export function startLang(search: string, kept: string | null, preferred: string): Lang {
  for (const wish of [new URLSearchParams(search).get("lang"), kept, preferred]) {
    if (wish) return wish.toLowerCase().startsWith("zh") ? "zh" : "en";
  }
  return "en";
}

/** The code that browsers and screen readers expect. */
export function tag(lang: Lang): string {
  return lang === "zh" ? "zh-CN" : "en";
}

/**
 * Fills a sentence. A sentence that depends on a number `n` has two keys, `_one` and `_other`; the rule of the
 * language picks one. A missing key shows itself, so that it is seen and never silently empty.
 */
export function say(catalogue: Catalogue, lang: Lang, key: string, params: Params = {}): string {
  const n = params.n;
  const form = typeof n === "number" ? `${key}_${plural(lang, n)}` : key;
  const sentence = catalogue[form] ?? catalogue[key] ?? key;
  return sentence.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole));
}

function plural(lang: Lang, n: number): "one" | "other" {
  return new Intl.PluralRules(tag(lang)).select(n) === "one" ? "one" : "other";
}

/** The sentence of a text that comes from the server, and the other language rather than nothing. */
export function pick(text: Text | undefined, lang: Lang): string {
  if (!text) return "";
  return (lang === "zh" ? text.zh || text.en : text.en || text.zh) ?? "";
}
