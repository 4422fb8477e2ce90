// The page: shows the store. Everything from outside goes through textContent.

import { ORDERS, keyOf, statusOf } from "./store.js";
import { SHOWN, TICKING, clock, duration, items, number } from "./words.js";

const SORT_EVERY = 5_000; // rows that jump at every event cannot be read
const CHART = { width: 96, height: 24, pad: 2 };
const MARKS = {
  tick: "M3 8.5l3.5 3.5L13 4.5",
  bang: "M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0M8 5v3M8 11v.01",
  warning: "M8 2.5L14.5 13.5H1.5ZM8 7v2.5M8 11.7v.01",
  question: "M5.5 6a2.5 2.5 0 1 1 3.5 2.3q-1 .5-1 1.7M8 13v.01",
  clock: "M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0M8 4.5V8l2.5 1.5",
  growing: "M3 13L13 3M6 3h7v7",
  stable: "M2 8h12M9.5 3.5L14 8l-4.5 4.5",
  decreasing: "M3 3l10 10M6 13h7V6",
};

// --- elements --------------------------------------------------------------------------------------------------------
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Shows `{text, mark?, title?, reason?, kind?}`; what stays the same is not touched, so focus stays too. */
function show(place, shown, flash = false) {
  const said = JSON.stringify(shown);
  if (place.said === said) return;
  const before = place.said && JSON.parse(place.said).text;
  place.said = said;
  place.dataset.kind = shown.kind ?? "";
  place.title = shown.title ?? "";
  if (!shown.title) place.removeAttribute("title");
  place.replaceChildren(...(shown.reason ? [unknown(shown)] : marked(shown)));
  if (flash && before !== undefined && before !== shown.text) flashOnce(place);
}

/** Drawn, because not every font has arrows; the text beside it says the same. */
function marked({ mark, text }) {
  if (!mark) return [text];
  return [svg({ class: "mark", viewBox: "0 0 16 16", "aria-hidden": "true" }, "path", { d: MARKS[mark] }), text];
}

function unknown({ text, reason }) {
  const said = { role: "img", tabindex: "0", title: reason, "aria-label": `Unknown: ${reason}` };
  return element("span", { class: "unknown", ...said }, text);
}

function flashOnce(place) {
  place.classList.remove("changed");
  void place.offsetWidth; // else the animation would not start again
  place.classList.add("changed");
}

function svg(attributes, shape, shapeAttributes = {}) {
  const [picture, child] = ["svg", shape].map((name) => document.createElementNS("http://www.w3.org/2000/svg", name));
  for (const [key, value] of Object.entries(attributes)) picture.setAttribute(key, value);
  for (const [key, value] of Object.entries(shapeAttributes)) child.setAttribute(key, value);
  picture.append(child);
  return picture;
}

const newChart = () => svg({ class: "chart", viewBox: `0 0 ${CHART.width} ${CHART.height}`, role: "img" }, "polyline");

function draw(chart, points) {
  const totals = points.map(({ total }) => total);
  const [low, high] = [Math.min(...totals), Math.max(...totals)];
  const [start, end] = [points[0].time, points.at(-1).time];
  const middle = (low + high) / 2;
  const span = Math.max(high - low, middle * 0.2, 4); // so that noise does not look like a mountain
  const x = (time) => CHART.pad + ((time - start) / (end - start || 1)) * (CHART.width - 2 * CHART.pad);
  const y = (total) => CHART.height / 2 - ((total - middle) / span) * (CHART.height - 2 * CHART.pad);
  const corners = points.map(({ time, total }) => `${x(time).toFixed(1)},${y(total).toFixed(1)}`);
  chart.firstChild.setAttribute("points", corners.join(" "));
  const label = `The last ${duration((end - start) / 1000)}: between ${low} and ${high} items`;
  chart.setAttribute("aria-label", label);
  chart.parentElement.title = label;
}

/** Puts the elements in this order with as few moves as possible. */
function arrange(parent, children) {
  children.forEach((child, place) => {
    if (parent.children[place] !== child) parent.insertBefore(child, parent.children[place] ?? null);
  });
  while (parent.children.length > children.length) parent.lastElementChild.remove();
}

// --- the view --------------------------------------------------------------------------------------------------------
export class View {
  constructor() {
    this.parts = Object.fromEntries([...document.querySelectorAll("[id]")].map((each) => [each.id, each]));
    this.body = this.parts.queues.tBodies[0];
    this.columns = [...this.parts.queues.tHead.rows[0].cells];
    this.rows = new Map(); // key -> tr
    this.cards = new Map(); // key -> li
    this.order = "worst";
    this.sortedAt = 0;
    this.listed = 0; // the newest entry of the feed that is shown
    this.paused = false;
  }

  showState({ name, text }) {
    this.parts.state.dataset.state = document.body.dataset.state = name;
    if (this.parts["state-text"].textContent !== text) this.parts["state-text"].textContent = text;
    this.parts.reconnect.hidden = name !== "offline";
    if (name === "live") this.showProblem("");
  }

  /** Once a second, apart from the words that a screen reader announces. */
  showCountdown({ name, retryAt }) {
    const left = Math.ceil((retryAt - Date.now()) / 1000);
    this.parts["state-countdown"].textContent = name === "offline" && left > 0 ? `in ${left} s` : "";
  }

  showProblem(words) {
    this.parts.problem.textContent = words;
  }

  render(store, now, { complete }) {
    this.#renderTotals(store, now);
    this.#renderRows(store, now);
    this.#renderFeed(store);
    this.parts.empty.hidden = !complete || store.scopes.size > 0;
    this.parts["queues-section"].hidden = store.queues.length === 0;
    for (const scope of store.scopes.values()) scope.changed = false;
  }

  setOrder(order) {
    this.order = order;
    this.sortedAt = 0;
    for (const button of document.querySelectorAll("[data-order]")) {
      button.setAttribute("aria-pressed", String(button.dataset.order === order));
    }
  }

  setPaused(paused) {
    this.paused = paused;
    this.parts.pause.setAttribute("aria-pressed", String(paused));
  }

  // --- totals
  #renderTotals(store, now) {
    const cards = store.totals.map((scope) => this.#card(scope, now));
    arrange(this.parts.totals, cards);
    const whole = store.totals.find(({ figure }) => !figure.department_id)?.figure;
    document.title = whole ? `${items(whole.total_items)} waiting · Intraday console` : "Intraday console";
  }

  #card(scope, now) {
    const { figure, changed } = scope;
    const card = found(this.cards, keyOf(figure), () => newCard(figure));
    for (const place of card.querySelectorAll("[data-figure]")) {
      show(place, SHOWN[place.dataset.figure](figure, now), changed && !TICKING.has(place.dataset.figure));
    }
    card.dataset.status = statusOf(figure, now);
    card.querySelector("h3 small").textContent = figure.derived ? "all its queues" : "as its feed says";
    return card;
  }

  // --- queues
  #renderRows(store, now) {
    const queues = store.queues;
    const rows = queues.map((scope) => this.#row(scope, now));
    const due = Date.now() - this.sortedAt > SORT_EVERY && !this.body.contains(document.activeElement);
    if (!due && rows.length === this.body.rows.length && rows.every((row) => row.isConnected)) return;
    this.sortedAt = Date.now();
    const sorted = queues.sort((a, b) => ORDERS[this.order](a.figure, b.figure));
    arrange(this.body, sorted.map(({ figure }) => this.rows.get(keyOf(figure))));
  }

  #row(scope, now) {
    const { figure, points, changed } = scope;
    const row = found(this.rows, keyOf(figure), () => this.#newRow());
    row.dataset.status = statusOf(figure, now);
    for (const cell of row.cells) {
      const name = cell.dataset.figure;
      if (name !== "recent") show(cell, SHOWN[name](figure, now), changed && !TICKING.has(name));
      else if (row.drawn !== points) draw(cell.firstChild, points);
    }
    row.drawn = points;
    return row;
  }

  #newRow() {
    const row = element("tr", { role: "row" });
    for (const column of this.columns) {
      const { figure } = column.dataset;
      const heads = figure === "queue_name";
      const role = heads ? { role: "rowheader", scope: "row" } : { role: "cell" };
      const shape = { class: column.className, "data-figure": figure, "data-label": column.textContent };
      row.append(element(heads ? "th" : "td", { ...role, ...shape }, ...(figure === "recent" ? [newChart()] : [])));
    }
    return row;
  }

  // --- events
  #renderFeed(store) {
    const fresh = store.feed.filter(({ id }) => id > this.listed);
    this.parts.pause.textContent = !this.paused ? "Pause" : fresh.length ? `Resume (${fresh.length} new)` : "Resume";
    if (this.paused || !fresh.length) return;
    this.listed = fresh[0].id;
    this.parts.feed.prepend(...fresh.map(newEntry));
    while (this.parts.feed.children.length > store.feed.length) this.parts.feed.lastElementChild.remove();
  }
}

function found(known, key, make) {
  if (!known.has(key)) known.set(key, make());
  return known.get(key);
}

function newCard(figure) {
  const name = figure.department_id ? `Department ${figure.department_id}` : `Organization ${figure.organization_id}`;
  const place = (of, kind = "span") => element(kind, { "data-figure": of });
  const unit = element("span", { class: "unit" }, "items");
  const line = (label, of) => element("div", {}, element("dt", {}, label), place(of, "dd"));
  return element(
    "li",
    { "data-scope": figure.department_id ?? "" },
    element("h3", {}, name, " ", element("small")),
    element("p", { class: "total" }, place("total_items"), unit, place("backlog_trend")),
    element(
      "dl",
      {},
      line("Status", "status"),
      line("Over SLA", "items_over_sla"),
      line("Within SLA", "sla_compliance_percentage"),
      line("Oldest", "oldest_item_age_minutes"),
      line("Data age", "age"),
    ),
  );
}

function newEntry({ figure, seq, time, replayed, words }) {
  const part = (name, text) => element("span", { class: name }, text);
  const when = element("time", { datetime: time }, clock.format(new Date(time)));
  if (words) return element("li", { class: "remark" }, when, part("what", words));
  const missed = replayed ? " (missed, now caught up)" : "";
  const over = figure.items_over_sla === null ? "" : `, ${number.format(figure.items_over_sla)} over SLA`;
  return element(
    "li",
    { "data-seq": seq },
    when,
    part("scope", [figure.department_id ?? figure.organization_id, figure.queue_name].filter(Boolean).join(" / ")),
    part("what", `${items(figure.total_items)}${over}, ${figure.backlog_trend}${missed}`),
    part("seq", `#${seq}`),
  );
}
