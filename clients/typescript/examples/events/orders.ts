import type { RealtimeClient } from "intraday-realtime";

declare module "intraday-realtime" {
  interface CustomEvents {
    "acme:order": { order_id: string };
    "acme:refund": { amount: number };
  }
}

export function countOrders(intraday: RealtimeClient, count: (order_id: string) => void): () => void {
  return intraday.listen("custom", { organization_id: "org_123" }, ({ event, data }) => {
    if (event === "acme:order") count(data.payload.order_id); // a text; of "acme:refund" it would be `amount`
  });
}
