import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { families, keep } from "./antd-styles.mjs";

describe("keep", () => {
  const css =
    ".ant-btn{color:red;}.ant-btn .ant-table{color:red;}.ant-table{x:y;}a{x:y;}" +
    "@media (hover:none){.ant-btn{x:y;}}@keyframes spin{to{x:y;}}@keyframes fade{to{x:y;}}.ant-btn-loading{animation:spin 1s;}";

  it("keeps the rules of the wanted families and the animations they play", () => {
    expect(keep(css, ["btn"]).trim().split("\n")).toEqual([
      ".ant-btn{color:red;}",
      "@media (hover:none){.ant-btn{x:y;}}",
      ".ant-btn-loading{animation:spin 1s;}",
      "@keyframes spin{to{x:y;}}",
    ]);
  });
});

describe("the list of families", () => {
  it("names every component of antd that the console imports, and no other", () => {
    const dir = join(import.meta.dirname, "../console/src");
    const sources = readdirSync(dir, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".tsx"))
      .map((name) => readFileSync(join(dir, name), "utf8"));
    const imported = new Set(sources.flatMap((text) => [...text.matchAll(/from "antd\/es\/([\w-]+)/g)].map((m) => m[1])));
    expect(Object.keys(families).toSorted()).toEqual([...imported].toSorted());
  });
});
