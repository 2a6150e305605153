import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const web = join(import.meta.dirname, "..");
const sheet = readFileSync(join(web, "shared/tokens.css"), "utf8");
const tokens = new Map(
  [...sheet.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map((m) => [m[1], [m[2], m[3]]]),
);

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((i) => {
    const c = Number.parseInt(hex.slice(i, i + 2), 16) / 255;
    return c <= 0.040_45 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** WCAG 2 contrast of two colours. */
function contrast(a: string, b: string): number {
  const [dark, light] = [luminance(a), luminance(b)].toSorted((x, y) => x - y) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function colour(name: string, scheme: number): string {
  const found = tokens.get(name)?.[scheme];
  if (!found) throw new Error(`no token ${name}`);
  return found;
}

const grounds = ["bg", "surface", "raised"];
const states = ["ok", "degraded", "down", "busy", "unknown"];
const texts = ["text", "text-2", "link", ...states.map((state) => `st-${state}`)];
const pairs = [
  ...grounds.flatMap((ground) => texts.map((text) => [text, ground])),
  ...states.map((state) => [`st-${state}`, `st-${state}-bg`]),
  ...states.flatMap((state) => ["text", "text-2", "link", "st-degraded"].map((text) => [text, `st-${state}-bg`])),
  ["on-primary", "primary"],
  ["on-primary", "primary-hover"],
] as [string, string][];

describe.each([
  ["light", 0],
  ["dark", 1],
] as const)("in %s", (_, scheme) => {
  it.each(pairs)("%s can be read on %s", (text, ground) => {
    expect(contrast(colour(text, scheme), colour(ground, scheme))).toBeGreaterThanOrEqual(4.5);
  });

  it.each(grounds)("the edge of a control and the focus can be seen on %s", (ground) => {
    for (const edge of ["control", "focus"]) {
      expect(contrast(colour(edge, scheme), colour(ground, scheme))).toBeGreaterThanOrEqual(3);
    }
  });
});

describe("style sheets", () => {
  const dir = join(web, "console/src/styles");
  it.each(readdirSync(dir))("%s takes every colour from the tokens", (name) => {
    expect(readFileSync(join(dir, name), "utf8").match(/#[0-9a-f]{3,8}\b|rgba?\(|hsla?\(/gi)).toBeNull();
  });
});
