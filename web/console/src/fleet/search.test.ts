import { expect, it } from "vitest";
import { filtered, fleetSearch } from "./search.ts";

it("reads filters from the address and leaves out what it does not know", () => {
  expect(fleetSearch({ q: 31_000_001, ability: "cannot_sell", attention: true, cursor: "abc", other: 1 })).toEqual({
    q: "31000001",
    ability: "cannot_sell",
    attention: true,
    cursor: "abc",
  });
  expect(fleetSearch({ q: "", ability: "broken", attention: "no" })).toEqual({});
});

it("knows that a page further down is no filter", () => {
  expect(filtered({ cursor: "abc" })).toBe(false);
  expect(filtered({ attention: true })).toBe(true);
});
