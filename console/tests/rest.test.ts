import { expect, it, vi } from "vitest";

import { rest } from "../src/session/rest.js";

function refuses(status: number, body: object): Promise<unknown> {
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(JSON.stringify(body), { status })));
  return rest().get("/api/alerts");
}

it("names the request of a fault of the server, by which its log is searched", async () => {
  const body = { code: "error", message: "Something went wrong.", request_id: "ab12" };
  await expect(refuses(500, body)).rejects.toThrow("Something went wrong. (request ab12)");
});

it("says of a refusal what is to be mended, and nothing more", async () => {
  const body = { code: "invalid", message: "Not valid.", errors: { note: ["Too long."] }, request_id: "ab12" };
  await expect(refuses(400, body)).rejects.toThrow(/^Not valid\. note: Too long\.$/);
});
