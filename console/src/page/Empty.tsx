// A new organization: what to post first, in which order, and where to see that it came.

import { useSession } from "../session/session.js";

const credentials = "-H 'Authorization: Api-Key …' ";

export function Empty({ demo }: { demo: boolean }) {
  const { organization } = useSession();
  const post = (path: string, body: object) =>
    `curl -X POST ${location.origin}${path} ${demo ? "" : credentials}\\\n  -H 'Content-Type: application/json' \\\n  -d '${JSON.stringify({ organization_id: organization.id, ...body }, null, 1)}'`;
  const now = new Date().toISOString();
  const hour = `${now.slice(0, 13)}:00:00Z`;
  return (
    <section className="panel empty" aria-labelledby="empty">
      <h2 id="empty">Nothing has been posted for {organization.name} yet</h2>
      <p>
        This page fills as feeds post. Queues and departments are made by the first row that names them.
        {!demo && " A feed needs an API key: manage.py apikey create, or Admin → Api keys."}
      </p>
      <ol>
        <li>
          <h3>Backlog: what waits in each queue</h3>
          <pre tabIndex={0}>
            {post("/api/schedulesbacklog/ingest", {
              department_id: "service",
              queue_name: "support",
              snapshot_time: now,
              total_items: 42,
              average_wait_time_minutes: 3.5,
              items_over_sla: 4,
            })}
          </pre>
        </li>
        <li>
          <h3>Interval statistics of the ACD: service level, staffing, risk</h3>
          <pre tabIndex={0}>
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
          </pre>
        </li>
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
