import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    environment: "happy-dom",
    restoreMocks: true,
    testTimeout: 20_000, // two busy cores
    unstubGlobals: true,
  },
});
