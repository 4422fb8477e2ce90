// The console's bundle: hashed names and a manifest, committed where Django's static files are found.
import { join } from "node:path";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [react()],
  base: "./",
  build: {
    outDir: "../intraday/static/intraday/build",
    emptyOutDir: true,
    manifest: "manifest.json",
    target: "es2022",
    minify: "terser", // smaller than the usual one by 4 kB, compressed
    terserOptions: { compress: { passes: 3 } },
    modulePreload: { polyfill: false },
    rollupOptions: { input: join(import.meta.dirname, "src/main.tsx") },
  },
});
