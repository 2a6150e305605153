// What the pages must say in stories whose end is not a click: a shared cause, a tampered terminal, a step for a person.
import { expect, test } from "@playwright/test";
import { everyLook } from "./looks.ts";
import { setUp } from "./people.ts";
import { demo, type Program } from "./program.ts";
import { watch } from "./watch.ts";

// These fleets live slower: a host comes back and a unit is replaced by themselves, and a page must be read before.

/** A story begins once the whole simulated fleet has sold something. */
const soon = { timeout: 180_000 };

let program: Program | undefined;
test.use({ locale: "en-US" });
test.afterEach(async () => {
  await program?.stop();
  program = undefined;
});

test("a host that is down is one shared cause, and nobody is told to restart", async ({ page }) => {
  program = await demo("host-down", 24, 30);
  const wrong = watch(page, program.url);
  await setUp(page, program);
  const banner = page.getByRole("region", { name: "1 shared cause right now" });
  await expect(banner).toBeVisible(soon);
  await expect(banner.getByText(/One shared cause, not a fault of single terminals/)).toBeVisible();
  await page.getByRole("row", { name: /Cannot take money.*shared cause/ }).getByRole("link").first().click();
  await expect(page.getByText("Restarting or changing this terminal will not help.")).toBeVisible();
  await expect(page.getByRole("region", { name: "Next step" }).getByText(/restart/).filter({ hasNotText: /do not restart/i })).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Run it" })).toHaveCount(0);
  await page.getByRole("link", { name: "Incidents" }).click();
  await expect(page.getByText(/^payment host .* terminals cannot take money/)).toHaveCount(1);
  // The host comes back by itself, so which of its states a picture shows is not settled; all must be accessible.
  await everyLook(page, "incidents");
  await page.goBack();
  await everyLook(page, "terminal-shared-cause");
  await page.goBack();
  await everyLook(page, "list-shared-cause");
  expect(wrong()).toEqual([]);
});

test("a tampered terminal is handed over and every other step is withheld", async ({ page }) => {
  program = await demo("tampered", 8, 30);
  const wrong = watch(page, program.url);
  await setUp(page, program);
  await page.getByRole("link", { name: /^Cannot take money [1-9]/ }).click(soon);
  await page.getByRole("table").getByRole("link").first().click();
  const card = page.getByRole("region", { name: "Live case" });
  await expect(card.getByText(/^In the hands of/)).toBeVisible();
  await expect(page.getByRole("button", { name: "Run it" })).toHaveCount(0);
  await everyLook(page, "terminal-tampered");
  expect(wrong()).toEqual([]);

  await test.step("when the server is gone the page says so and keeps what was known", async () => {
    await program?.stop();
    await expect(page.getByText("Checking every 5 s")).toBeVisible();
    await expect(page.getByRole("alert").getByText("The server cannot be reached")).toBeVisible();
    await expect(page.getByRole("alert").getByText(/tries again by itself/)).toBeVisible();
    await expect(page.getByRole("alert").getByText(/^Shown is what was known/)).toBeVisible();
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await everyLook(page, "terminal-no-server");
  });
});
