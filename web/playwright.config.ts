import { existsSync } from "node:fs";
import { chromium, defineConfig } from "@playwright/test";

const browser = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/google-chrome", chromium.executablePath()].find((path) => path && existsSync(path));
if (!browser) throw new Error("no Chromium found: apt-get install chromium fonts-noto-cjk, or set CHROMIUM to its path");

export default defineConfig({
  testDir: "e2e",
  outputDir: "test-results/runs",
  // A story is played at its own pace by a whole simulated fleet; nothing in it waits for a fixed time.
  timeout: 240_000,
  expect: { timeout: 15_000 },
  retries: 0,
  workers: 1,
  forbidOnly: Boolean(process.env.CI),
  reporter: [["list"]],
  use: {
    // A picture taken while a colour is still changing shows neither the one nor the other.
    contextOptions: { reducedMotion: "reduce" },
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: browser,
      args: [
        ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        "--no-default-browser-check",
        "--no-pings",
      ],
    },
  },
});
