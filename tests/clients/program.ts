// Post a snapshot by the client of one generator, and read it by that of the other.
import createClient from "openapi-fetch";
import { backlogCurrent } from "./build/orval.js";
import type { paths } from "./build/schema.js";

const [address = "", key = ""] = process.argv.slice(2);
const headers = { Authorization: `Api-Key ${key}` };

const client = createClient<paths>({ baseUrl: address, headers });
const { data, error } = await client.POST("/api/intraday/backlog/ingest", {
  params: { header: { "Idempotency-Key": "from-typescript" } },
  body: {
    queue_name: "support",
    snapshot_time: new Date().toISOString(),
    total_items: 42,
    average_wait_time_minutes: 3,
  },
});
if (error) throw new Error(error.message);
console.log(data.result, data.event?.seq);

// The functions of orval take addresses without a host.
const plain = globalThis.fetch;
globalThis.fetch = (input, init) => plain(`${address}${String(input)}`, init);
const answer = await backlogCurrent({ queue_name: "support" }, { headers });
if (answer.status !== 200) throw new Error(String(answer.status));
console.log(answer.data.current?.total_items);
