// Wires the page together: socket -> store -> view, and the lines to copy.

import { LiveSocket } from "./socket.js";
import { Store } from "./store.js";
import { View } from "./view.js";

const HISTORY = { queues: 30, points: 150, seconds: 300, longest: 24 * 3600 };

const { organization } = document.body.dataset;
const store = new Store();
const view = new View();
let state = {};
let complete = false; // whether the first snapshot is here
let scheduled = false;

const socket = new LiveSocket({
  url: `${location.origin.replace("http", "ws")}/ws`,
  userId: "page",
  organization,
  onMessage,
  onState: (now) => view.showState((state = now)),
  onProblem: (words) => view.showProblem(words),
});
const serverTime = () => Date.now() + socket.clockOffset;

function onMessage(message) {
  const { event, data } = message;
  if (event === "backlog:snapshot") {
    store.replace(data.items);
    if (!complete) loadHistory();
    complete = true;
  } else if (event === "backlog:update") {
    store.update(message);
  } else if (event === "subscribed" && complete && !data.recovered) {
    store.remark("All figures read anew; what happened in between is not listed", new Date(serverTime()).toISOString());
  }
  schedule();
}

/** However many events come, one rendering per frame. */
function schedule() {
  if (!scheduled) requestAnimationFrame(render);
  scheduled = true;
}

function render() {
  scheduled = false;
  view.render(store, serverTime(), { complete });
}

/** The totals of the last minutes (or hours, of a slow feed), so that the small charts do not begin empty. */
async function loadHistory() {
  for (const { figure } of store.queues.slice(0, HISTORY.queues)) {
    const reach = Math.max(HISTORY.seconds, HISTORY.points * (figure.interval_seconds ?? 0));
    const query = new URLSearchParams({
      organization_id: organization,
      department_id: figure.department_id ?? "",
      queue_name: figure.queue_name,
      since: new Date(serverTime() - Math.min(reach, HISTORY.longest) * 1000).toISOString(),
      limit: HISTORY.points,
    });
    const answer = await fetch(`/api/intraday/backlog/history?${query}`).catch(() => null);
    if (!answer?.ok) return; // the charts fill by themselves
    store.addHistory((await answer.json()).items);
    schedule();
  }
}

// --- lines to copy ---------------------------------------------------------------------------------------------------
// The end of the running second: a feed that posts every few seconds would otherwise often have newer figures already.
const lines = {
  curl: `curl -X POST ${location.origin}/api/schedulesbacklog/ingest \\
  -H 'Content-Type: application/json' \\
  -d '{"organization_id": "${organization}", "queue_name": "support",
       "snapshot_time": "'$(date -u +%FT%T.999Z)'", "total_items": 500,
       "average_wait_time_minutes": 3.5, "items_over_sla": 80}'`,
  wscat: `npx wscat -c ${socket.url}`,
  authenticate: JSON.stringify({
    event: "authenticate",
    data: { user_id: "user_123", organization_id: organization },
  }),
  subscribe: JSON.stringify({ event: "subscribe", data: { channels: ["backlog"], organization_id: organization } }),
};
for (const [name, line] of Object.entries(lines)) view.parts[`line-${name}`].textContent = line;

async function copy(button) {
  const line = view.parts[button.dataset.copies];
  getSelection().selectAllChildren(line);
  try {
    await navigator.clipboard.writeText(line.textContent);
  } catch {
    document.execCommand("copy"); // the clipboard is for https and localhost only; the selection works anywhere
  }
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = "Copy"), 2_000);
}

// --- what people press -----------------------------------------------------------------------------------------------
const onClick = (selector, act) =>
  document.querySelectorAll(selector).forEach((each) => each.addEventListener("click", () => act(each)));

onClick("[data-copies]", copy);
onClick("#reconnect", () => socket.retryNow());
onClick("#pause", () => {
  view.setPaused(!view.paused);
  render();
});
onClick("[data-order]", (button) => {
  view.setOrder(button.dataset.order);
  render();
});

setInterval(() => {
  view.showCountdown(state);
  render();
}, 1_000);
socket.connect();
