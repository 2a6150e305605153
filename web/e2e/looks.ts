// The same page in every look a person may choose: two languages, light and dark, desk and phone.
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, type Page } from "@playwright/test";
import { accessible } from "./watch.ts";

const shots = fileURLToPath(new URL("../test-results/screenshots/", import.meta.url));
const sizes = { desk: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };

const words = {
  zh: { language: "语言", appearance: "外观" },
  en: { language: "Language", appearance: "Appearance" },
};

/** Chooses a language with the switch on the page, whichever is on. */
export async function speak(page: Page, lang: "zh" | "en"): Promise<void> {
  await page.getByLabel(/^(语言|Language)$/).selectOption(lang);
  await expect(page.locator("html")).toHaveAttribute("lang", lang === "zh" ? "zh-CN" : "en");
}

async function light(page: Page, lang: "zh" | "en", scheme: "light" | "dark"): Promise<void> {
  await page.getByLabel(words[lang].appearance).selectOption(scheme);
  await expect(page.locator("html")).toHaveAttribute("data-theme", scheme);
}

/** Photographs a page in all its looks and checks each for accessibility; nothing may be wider than the screen. */
export async function everyLook(page: Page, name: string): Promise<void> {
  mkdirSync(shots, { recursive: true });
  for (const lang of ["zh", "en"] as const) {
    await speak(page, lang);
    for (const scheme of ["light", "dark"] as const) {
      await light(page, lang, scheme);
      for (const [size, viewport] of Object.entries(sizes)) {
        await page.setViewportSize(viewport);
        await page.screenshot({ path: `${shots}${name}-${lang}-${scheme}-${size}.png`, fullPage: true });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        expect(wide, `${name} is wider than a ${size} screen by this many pixels`).toBeLessThanOrEqual(0);
        await accessible(page, `${name}, ${lang}, ${scheme}, ${size}`);
      }
    }
  }
  await page.setViewportSize(sizes.desk);
  await light(page, "en", "light");
}
