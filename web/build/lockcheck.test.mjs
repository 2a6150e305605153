import { expect, it } from "vitest";
import { mistakes } from "./lockcheck.mjs";

it("finds addresses of a registry and native parts that are missing", () => {
  const lock = {
    packages: {
      "": { name: "posmedic-web" },
      "node_modules/a": { version: "1.0.0", resolved: "https://registry.example/a.tgz" },
      "node_modules/b": { version: "1.0.0", optionalDependencies: { "@b/linux-x64-gnu": "1.0.0", "@b/darwin-arm64": "1.0.0" } },
      "node_modules/@b/linux-x64-gnu": { version: "1.0.0" },
    },
  };
  expect(mistakes(lock)).toEqual([
    "node_modules/a names an address: https://registry.example/a.tgz",
    "node_modules/b needs @b/darwin-arm64 1.0.0, which the lock file lacks",
  ]);
});
