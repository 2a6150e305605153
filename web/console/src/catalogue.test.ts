import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import en from "../../locales/console.en.json" with { type: "json" };

const sources = readdirSync(import.meta.dirname, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.tsx?$/.test(name) && !name.includes(".test."))
  .map((name) => readFileSync(join(import.meta.dirname, name), "utf8"))
  .join("\n");

/** Keys that are put together from a value: t(`ability.${…}`), term("who", …). */
const composed = [
  ...[...sources.matchAll(/`([a-z_.]+\.\$\{[^}]+\}[a-z_.]*)`/g)].map((m) => m[1]?.replace(/\$\{[^}]+\}/, "*") ?? ""),
  ...[...sources.matchAll(/term\("([a-z_.]+)"/g)].map((m) => `${m[1]}.*`),
].map((pattern) => new RegExp(`^${pattern.replaceAll(".", "\\.").replace("*", "[a-z0-9_]+")}$`));

it("has no sentence that no page uses", () => {
  const unused = Object.keys(en).filter((key) => {
    const stem = key.replace(/_(one|other)$/, "");
    return !sources.includes(`"${stem}"`) && !composed.some((pattern) => pattern.test(stem));
  });
  expect(unused).toEqual([]);
});
