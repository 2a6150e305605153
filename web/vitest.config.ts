import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { include: ["{shared,console,build}/**/*.test.{ts,tsx,mjs}"], restoreMocks: true },
});
