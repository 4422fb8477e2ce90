// A new organization: a key of its own, what to post first, and where to see that it came.

import { useState } from "react";

import { Problem } from "../kit/parts.js";
import { useSession } from "../session/session.js";
import { useAttempt } from "../session/useAttempt.js";

const OPEN = "org_123"; // of the demo: it takes posts without a key

export default function Empty({ demo: isDemo }: { demo: boolean }) {
  const { organization } = useSession();
  const demo = isDemo && organization.id === OPEN;
  const [key, setKey] = useState("");
  const post = (path: string, body: object) =>
    [
      `curl -X POST ${location.origin}${path} \\`,
      ...(demo ? [] : [`  -H 'Authorization: Api-Key ${key || "…"}' \\`]),
      "  -H 'Content-Type: application/json' \\",
      `  -d '${JSON.stringify({ organization_id: organization.id, ...body }, null, 1)}'`,
    ].join("\n");
  const now = new Date().toISOString();
  const hour = `${now.slice(0, 13)}:00:00Z`;
  return (
    <section className="panel empty" aria-labelledby="empty">
      <h2 id="empty">Nothing has been posted for {organization.name} yet</h2>
      <p>This page fills as feeds post. Queues and departments are made by the first row that names them.</p>
      <ol>
        {!demo && (
          <li>
            <h3>A key for the first feed</h3>
            <FirstKey secret={key} onMade={setKey} />
          </li>
        )}
        <Example title="Backlog: what waits in each queue">
          {post("/api/schedulesbacklog/ingest", {
            department_id: "service",
            queue_name: "support",
            snapshot_time: now,
            total_items: 42,
            average_wait_time_minutes: 3.5,
            items_over_sla: 4,
          })}
        </Example>
        <Example title="Interval statistics of the ACD: service level, staffing, risk">
          {post("/api/intraday/kpi/ingest", {
            department_id: "service",
            queue_name: "support",
            interval_start: hour,
            interval_minutes: 30,
            as_of: now,
            offered: 40,
            answered: 36,
            answered_in_target: 30,
            abandoned: 2,
            handle_seconds: 6480,
            available_seconds: 1800,
            agents: 8,
          })}
        </Example>
        <li>
          <h3>Then</h3>
          <p>
            the forecast (<code>/api/intraday/kpi/forecast/batch-ingest</code>), shifts and check-ins (
            <code>/api/intraday/attendance/shifts/batch-ingest</code>, <code>/api/intraday/attendance/ingest</code>):
            all in the <a href="/api/docs">API documentation</a>.
          </p>
        </li>
      </ol>
    </section>
  );
}

function Example({ title, children }: { title: string; children: string }) {
  return (
    <li>
      <h3>{title}</h3>
      <pre tabIndex={0}>{children}</pre>
      <button type="button" onClick={() => void navigator.clipboard.writeText(children)}>
        Copy
      </button>
    </li>
  );
}

/** Only administrators of the whole organization make keys. */
function FirstKey({ secret, onMade }: { secret: string; onMade: (key: string) => void }) {
  const { rest, organization, may } = useSession();
  const { problem, attempt } = useAttempt();
  if (!may("manage") || !organization.whole)
    return <p>Administrators of {organization.name} make keys: ask one for a key with the scope “ingest”.</p>;
  const make = () =>
    attempt(async () => {
      const body = { organization_id: organization.id, name: "First feed", scopes: ["ingest"] };
      onMade((await rest.post<{ key: string }>("/api/keys", body)).key);
    });
  return secret ? (
    <p className="secret" role="status">
      <code>{secret}</code> It stands in the calls below. Keep it: it is shown only now.
    </p>
  ) : (
    <>
      <button type="button" className="primary" onClick={() => void make()}>
        Make a key
      </button>
      <Problem text={problem} />
    </>
  );
}
