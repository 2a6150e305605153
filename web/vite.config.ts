import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { antdStyles } from "./build/antd-styles.mjs";

export default defineConfig({
  root: "console",
  base: "/",
  plugins: [react(), antdStyles()],
  build: { outDir: "../dist/console", emptyOutDir: true, assetsInlineLimit: 0, reportCompressedSize: false, chunkSizeWarningLimit: 1024 },
  server: { proxy: { "/api": "http://127.0.0.1:8080" } },
});
