import { describe, expect, it } from "vitest";
import { problemIn } from "./http.ts";
import { Problem, problemOf } from "./problem.ts";

describe("a problem", () => {
  it("is read from the server's answer", () => {
    const text = JSON.stringify({ code: "repair.forbidden", title: "not allowed", text: { zh: "不允许", en: "not allowed" }, hint: { zh: "不要重启", en: "do not restart" }, id: "err_1" });
    expect(problemIn(text)).toMatchObject({ code: "repair.forbidden", id: "err_1" });
  });

  it("is unknown when something else answers", () => {
    expect(problemIn("<html>Bad Gateway</html>").code).toBe("unknown");
    expect(problemIn('{"title":"Unprocessable Entity","detail":"validation failed"}')).toEqual({ code: "unknown", detail: "validation failed" });
  });

  it("tells a lost line from a fault of ours", () => {
    expect(problemOf(new TypeError("Failed to fetch")).code).toBe("network");
    expect(problemOf(new Error("x is undefined")).code).toBe("unknown");
    const own = new Problem(403, { code: "access.denied" });
    expect(problemOf(own)).toBe(own);
  });
});
