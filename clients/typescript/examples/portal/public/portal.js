import { createIntraday } from "intraday-realtime";

const WORDS = {
  idle: "Not connected",
  connecting: "Connecting",
  catching_up: "Catching up",
  live: "Live",
  reconnecting: "Reconnecting",
  offline: "Offline",
  stopped: "Stopped",
};

async function session() {
  const answer = await fetch("/token", { method: "POST" });
  if (!answer.ok) throw new Error(`the portal answers ${answer.status}`);
  return answer.json();
}

const { url, organization_id } = await session();
const client = createIntraday({ url, getToken: session });

const show = (id, text) => (document.getElementById(id).textContent = text);

const backlog = client.figures("backlog", { organization_id });

function showConnection() {
  const { problem } = backlog.getState(); // what this user may not see is not "live", whatever the connection is
  show("connection", problem ? problem.message : WORDS[client.status.getState().state]);
}

client.status.subscribe(showConnection);
backlog.subscribe(({ latestUpdate, byScope, stale }) => {
  showConnection();
  show("total", latestUpdate ? `${latestUpdate.total_items}${stale ? " (old)" : ""}` : "–");
  const queues = [...byScope.values()].map(({ latest }) => latest).filter(({ queue_name }) => queue_name);
  queues.sort((one, other) => other.total_items - one.total_items);
  document.getElementById("queues").replaceChildren(...queues.map(row));
});

function row({ queue_name, total_items }) {
  const row = document.createElement("tr");
  row.append(
    ...[queue_name, String(total_items)].map((text) =>
      Object.assign(document.createElement("td"), { textContent: text }),
    ),
  );
  return row;
}
