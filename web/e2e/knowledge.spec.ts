// What a person decides about learned numbers. A candidate passes only after weeks of proven cases, so here the server's
// answer to one question is written by the test; what is asked of the server in return is what counts.
import { expect, test } from "@playwright/test";
import type { Candidate, Knowledge, PackRef, Score } from "../api/types.ts";
import { everyLook } from "./looks.ts";
import { setUp } from "./people.ts";
import { demo, type Program } from "./program.ts";
import { accessible, watch } from "./watch.ts";

let program: Program;
test.use({ locale: "en-US" });
test.beforeAll(async () => {
  program = await demo("app-hung");
});
test.afterAll(async () => program.stop());

const builtIn: PackRef = { id: "core", version: "2026.11.1", hash: "05".repeat(32) };
const learned: PackRef = { id: "core", version: "2026.11.1+cand_older", hash: "ab".repeat(32) };
const at = "2026-11-01T08:00:00Z";
const number = (mean: number) => ({ mean, experience: 10, source: "authors" });
const score = (more: Partial<Score>): Score => ({ cases: 48, top1: 0.79, top3: 0.92, log_loss: 0.71, brier: 0.31, ece: 0.06, ece_low: 0.03, ece_high: 0.09, ece_floor: 0.04, harmful: 0, ...more });

function candidate(id: string, state: Candidate["state"], more: Partial<Candidate> = {}): Candidate {
  return {
    id, at, state, base: builtIn, against: learned, result: { ...builtIn, version: `2026.11.1+${id}` }, may_promote: false, moved: 2,
    learned: { cases: 240, worth: 181.4, named: 57, rounds: 9, rates: 1, links: 1, cures: 1, explains: -9 },
    report: { golden: [score({ cases: 171 }), score({ cases: 171 })], held: [score({}), score({ top1: 0.84, log_loss: 0.58 })], gain: { mean: 0.13, error: 0.04 }, passed: true, why: "passed" },
    changes: [
      { what: "fixes", fault: "hang", step: "restart", from: number(0.75), to: number(0.77), cases: 4 },
      { what: "shows", fault: "hang", variable: "screen", state: "frozen", from: number(0.4), to: number(0.8), cases: 60 },
    ],
    names: { hang: { zh: "程序卡死", en: "app hung" }, restart: { zh: "重启应用", en: "restart the app" } },
    words: { screen: { name: { zh: "屏幕", en: "screen" }, states: { frozen: { zh: "卡住", en: "stuck" } } } },
    ...more,
  };
}

const knowledge: Knowledge = {
  active: learned,
  built_in: builtIn,
  revisions: [{ ref: learned, at, active: true }],
  candidates: [
    candidate("cand_trying", "shadow", { shadowed: { cases: 7, wanted: 30, until: "2026-12-15T08:00:00Z", scores: [score({ cases: 7 }), score({ cases: 7, top1: 0.81 })], gain: { mean: 0.02, error: 0.01 }, why: "trying" } }),
    candidate("cand_passed", "passed", { may_promote: true }),
    candidate("cand_harms", "rejected", { report: { golden: [score({}), score({})], held: [score({}), score({ harmful: 2 })], gain: { mean: -0.1, error: 0.03 }, passed: false, why: "harmful_advice" } }),
  ],
};

test("a learned revision is promoted and rolled back only after its effect was told", async ({ page }) => {
  const wrong = watch(page, program.url);
  const asked: string[] = [];
  await page.route("**/api/v1/knowledge", (route) => route.fulfill({ json: knowledge }));
  await page.route(/knowledge\/(candidates\/|rollback)/, (route) => {
    asked.push(new URL(route.request().url()).pathname);
    return route.fulfill({ json: {} });
  });
  await setUp(page, program);
  await page.getByRole("link", { name: "Knowledge" }).click();
  const passed = page.getByRole("region", { name: "Candidate passed" });
  await expect(passed.getByRole("listitem").first()).toContainText("app hung shows “screen: stuck” how often it shows40.0% → 80.0%");
  await expect(page.getByText("Harmful advice in 2 cases (before: 0).")).toBeVisible();
  await everyLook(page, "knowledge-decide");

  await test.step("leaving the question asks nothing of the server", async () => {
    await passed.getByRole("button", { name: "Promote" }).click();
    const question = page.getByRole("dialog", { name: "Promote?" });
    await expect(question).toContainText("uses its 2 changed numbers");
    await accessible(page, "the question before promoting");
    await page.keyboard.press("Escape");
    await expect(question).toHaveCount(0);
    await expect(passed.getByRole("button", { name: "Promote" })).toBeFocused();
    expect(asked).toEqual([]);
  });

  await test.step("agreeing does what was said", async () => {
    await passed.getByRole("button", { name: "Promote" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Promote" }).click();
    await expect(page.getByRole("dialog")).toHaveCount(0);
    await page.getByRole("button", { name: "Roll back to built in" }).click();
    await expect(page.getByRole("dialog")).toContainText("core 2026.11.1 as it was delivered");
    await page.getByRole("dialog").getByRole("button", { name: "Roll back to built in" }).click();
    await expect(page.getByRole("dialog")).toHaveCount(0);
    expect(asked).toEqual(["/api/v1/knowledge/candidates/cand_passed/promote", "/api/v1/knowledge/rollback"]);
  });
  expect(wrong()).toEqual([]);
});
