import { describe, expect, it } from "vitest";
import { hold, waiting } from "./frozen.ts";

const rows = (...ids: string[]) => ids.map((id) => ({ id, n: 0 }));

describe("a live list", () => {
  it("keeps every row in its place and brings its content up to date", () => {
    expect(hold(rows("a", "b"), [{ id: "b", n: 5 }, { id: "a", n: 3 }])).toEqual([
      { id: "a", n: 3 },
      { id: "b", n: 5 },
    ]);
  });

  it("keeps a row that is gone until the reader says so", () => {
    expect(hold(rows("a", "b"), rows("b")).map((row) => row.id)).toEqual(["a", "b"]);
  });

  it("counts what would come, go or move", () => {
    expect(waiting(rows("a", "b"), rows("a", "b"))).toBe(0);
    expect(waiting(rows("a", "b"), rows("a", "b", "c"))).toBe(1);
    expect(waiting(rows("a", "b"), rows("a"))).toBe(1);
    expect(waiting(rows("a", "b"), rows("b", "a"))).toBe(2);
  });
});
