module.exports = {
  intraday: {
    input: { target: "./build/openapi.yaml" },
    output: { target: "./build/orval.ts", client: "fetch", mode: "single" },
  },
};
