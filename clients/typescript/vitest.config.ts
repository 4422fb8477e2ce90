import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { snippetModules } from "./tests/snippets.js";

const older = (name: string): string =>
  fileURLToPath(new URL(`../../tests/react18/node_modules/${name}`, import.meta.url));

export default defineConfig({
  plugins: [snippetModules()],
  test: {
    environment: "happy-dom",
    restoreMocks: true,
    testTimeout: 20_000, // two busy cores
    unstubGlobals: true,
    projects: [
      { extends: true, test: { name: "react 19", include: ["{tests,examples}/**/*.test.{ts,tsx}"] } },
      {
        extends: true,
        resolve: { alias: { react: older("react"), "react-dom": older("react-dom") } },
        test: { name: "react 18", include: ["tests/react/*.test.tsx"] },
      },
    ],
  },
});
