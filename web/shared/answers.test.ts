import { expect, it } from "vitest";
import type { Answer } from "../api/types.ts";
import { once } from "./answers.ts";

const answer = (second: number, by: Answer["by"], code = "00"): Answer => ({
  at: new Date(Date.UTC(2026, 10, 23, 12, 0, second)).toISOString(),
  kind: "sale",
  code,
  by,
});

it("tells an exchange once, in the host's words", () => {
  expect(once([answer(1, "terminal"), answer(0, "host")])).toEqual([answer(0, "host")]);
});

it("keeps what only the terminal tells: an answer that never came, or another one", () => {
  const lost = answer(30, "terminal", "");
  const other = answer(1, "terminal", "96");
  expect(once([lost, other, answer(0, "host")])).toEqual([lost, other, answer(0, "host")]);
});
