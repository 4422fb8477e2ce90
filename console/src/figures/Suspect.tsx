// Far fewer contacts than forecast: first of all a broken line. A person who knows better confirms the volume here.

import { useState } from "react";

import { scopeKey } from "intraday-realtime";
import { Icon } from "../kit/Icon.js";
import { Problem } from "../kit/parts.js";
import type { KPI } from "../session/payloads.js";
import { departmentOf, useSession } from "../session/session.js";
import { useAttempt } from "../session/useAttempt.js";
import { isSuspect, reasonInWords, reasonsOf, stateOf } from "./states.js";
import { until } from "../kit/words.js";

const PATH = "/api/intraday/kpi/volume-confirmation";

export function Suspect({ kpi, now }: { kpi: KPI | undefined; now: number }) {
  const { may, organization } = useSession();
  const zone = organization.time_zone;
  if (!kpi || !isSuspect(kpi)) return null;
  const time = { now, zone };
  const drop = stateOf(kpi)?.reasons.find(({ code }) => code === "volume_implausibly_low");
  const said = drop ? reasonInWords(drop, kpi, time) : reasonsOf(kpi, time)[0];
  const since = kpi.volume ? ` Since ${until(kpi.volume.since, now, zone)}.` : "";
  return (
    <section className="suspect" aria-label={kpi.queue_name ? `Suspect volume of ${kpi.queue_name}` : "Suspect volume"}>
      <p>
        <Icon name="critical" /> <strong>{said}</strong>
        {since} Requirement and risk stay on the forecast, alerts stay open.
      </p>
      {/* A confirmation is of one drop of one scope: the next one asks again. */}
      {may("act") && <Confirm key={`${scopeKey(kpi)} ${kpi.volume?.since ?? ""}`} kpi={kpi} />}
    </section>
  );
}

function Confirm({ kpi }: { kpi: KPI }) {
  const { rest } = useSession();
  const [confirmed, setConfirmed] = useState(false);
  const { busy, problem, attempt } = useAttempt();
  const confirm = () =>
    attempt(async () => {
      await rest.post(PATH, { ...departmentOf(kpi), ...(kpi.queue_name && { queue_name: kpi.queue_name }) });
      setConfirmed(true);
    });
  if (confirmed) return <p role="status">Confirmed. The next figure takes it into account.</p>;
  return (
    <>
      <button type="button" disabled={busy} onClick={() => void confirm()}>
        The volume is real
      </button>
      <Problem text={problem} />
    </>
  );
}
