import { expect, it } from "vitest";

import { pagePerTest } from "intraday-realtime/testing/page";
import { useAlertNotifications } from "intraday-realtime/hooks/useWebSocket";
import { useAlertActions } from "../src/alerts/useAlertActions.js";
import { answering, press, signedIn } from "./answering.js";

const page = pagePerTest();

function Quiet() {
  const actions = useAlertActions();
  const scope = { organization_id: "org_123" };
  useAlertNotifications(null, scope);
  return (
    <button type="button" onClick={() => void actions.silence(scope, 60, "")}>
      Silence
    </button>
  );
}

it("a silence is as long as it says, however the browser's clock is set", async () => {
  page().server.clockOffset = -300_000;
  const asked = answering({});
  await page().show(signedIn(<Quiet />));
  const before = Date.now();
  await press(page(), "Silence");
  const [silence] = asked.filter(({ method }) => method === "POST");
  const minutes = (Date.parse(String(silence?.body.ends_at)) - (before - 300_000)) / 60_000;
  expect(Math.round(minutes)).toBe(60);
});
