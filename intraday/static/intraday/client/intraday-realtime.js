function w(i, t) {
  for (const e of [...i])
    try {
      e(t);
    } catch (s) {
      console.error("A listener failed:", s);
    }
}
class G {
  constructor(t) {
    this.state = t;
  }
  state;
  #t = /* @__PURE__ */ new Set();
  getState = () => this.state;
  subscribe = (t) => {
    const e = (s) => t(s);
    return this.#t.add(e), w([e], this.state), () => {
      this.#t.delete(e);
    };
  };
  set(t) {
    this.state = t, w(this.#t, t);
  }
}
const k = (i) => i.queue_name ? { ...i, queue_name: i.queue_name.normalize("NFC") } : i, H = (i, t) => `${i}:org:${t}`;
function W(i, t) {
  const e = t.department_id ? `:dept:${t.department_id}` : "", s = t.queue_name ? `:queue:${X(t.queue_name)}` : "";
  return H(i, t.organization_id) + e + s;
}
const X = (i) => encodeURIComponent(i).replace(/[!'()*]/g, (t) => `%${t.charCodeAt(0).toString(16).toUpperCase()}`);
function Z(i) {
  const t = i.split(":"), e = (n) => t[t.indexOf(n, 3) + 1 || t.length], s = e("queue");
  return { department_id: e("dept"), queue_name: s && decodeURIComponent(s) };
}
const p = (i) => i.split(":", 3).join(":"), f = ({ department_id: i, queue_name: t }) => JSON.stringify([i ?? "", t ?? ""]), O = (i, t) => JSON.stringify([i, t.organization_id, t.department_id ?? "", t.queue_name ?? ""]);
function v(i, t) {
  return (!i.department_id || i.department_id === t.department_id) && (!i.queue_name || i.queue_name === t.queue_name);
}
function tt(i, t) {
  return i.queue_name || i.department_id ? v(i, t) && !i.queue_name == !t.queue_name : !t.department_id && !t.queue_name;
}
const a = () => performance.now();
class c {
  constructor(t = !1) {
    this.idle = t;
  }
  idle;
  #t;
  get running() {
    return this.#t !== void 0;
  }
  start(t, e) {
    this.stop(), this.#t = setTimeout(
      () => {
        this.#t = void 0, e();
      },
      Math.min(t, et)
    ), this.idle && this.#t.unref?.();
  }
  stop() {
    clearTimeout(this.#t), this.#t = void 0;
  }
}
const et = 24 * 3600 * 1e3, b = (i, t, e) => Math.random() * Math.min(e, t * 2 ** i);
function Y(i, t) {
  const e = new c();
  let s = -1 / 0;
  const n = () => {
    e.stop(), s = a(), i();
  };
  return Object.assign(() => {
    const r = s + t - a();
    r <= 0 ? n() : e.running || e.start(r, n);
  }, { now: n });
}
const st = 50;
class P {
  constructor(t, e, s, n) {
    this.feed = t, this.channel = e, this.selection = s, this.room = W(e, s), this.#t = new G(n);
  }
  feed;
  channel;
  selection;
  stateful = !0;
  room;
  problem;
  ready = !1;
  #t;
  #e = /* @__PURE__ */ new Set();
  #i = 0;
  #s;
  getState = () => this.#t.getState();
  /** Follow the state, from now on. It is conflated: many events at once are one change. */
  subscribe = (t) => {
    const e = this.#t.subscribe(t);
    return this.#o(e);
  };
  /** Hear each live event of the selection itself; replayed ones only change the state. */
  onLive = (t) => (this.#e.add(t), this.#o(() => this.#e.delete(t)));
  /** Shows at once what was missed: the connection calls itself live right after this. */
  onReady() {
    this.ready = !0, this.problem = void 0, this.changed.now();
  }
  onNarrowed(t) {
    this.lose(A(t)), this.changed();
  }
  onTime() {
    this.changed();
  }
  onRefused(t) {
    this.clear(), this.ready = !1, this.problem = t, this.changed();
  }
  changed = Y(() => this.#t.set(this.build()), st);
  tellLive(t) {
    w(this.#e, t);
  }
  hears(t) {
    return v(this.selection, t);
  }
  #o(t) {
    this.#i += 1, this.#s ??= this.feed.attach(this);
    let e = !0;
    return () => {
      e && (e = !1, t(), this.#i -= 1, queueMicrotask(() => this.#n()));
    };
  }
  #n() {
    this.#i || !this.#s || (this.#s(), this.#s = void 0, this.problem = void 0, this.ready = !1, this.clear(), this.#t.set(this.build()));
  }
}
const A = (i) => {
  const t = i.map(Z);
  return (e) => t.some((s) => v(s, e));
}, it = { latestAlert: void 0, alertCount: 0, openAlerts: [], ready: !1, problem: void 0 }, R = 2e3, T = ["low", "medium", "high", "critical"], nt = (i, t) => T.indexOf(t.severity) - T.indexOf(i.severity) || Date.parse(t.triggered_at) - Date.parse(i.triggered_at);
class ot extends P {
  #t = /* @__PURE__ */ new Map();
  #e = /* @__PURE__ */ new Map();
  // also of resolved ones: what is sent again must not open them
  #i;
  #s = 0;
  constructor(t, e) {
    super(t, "alerts", e, it);
  }
  clearCount = () => {
    this.#s = 0, this.changed();
  };
  onEvent({ event: t, data: e, replayed: s }) {
    const n = e;
    if (!t.startsWith("alert:") || !this.hears(n) || !this.#o(n)) return;
    const o = t === "alert:triggered" && !n.suppressed;
    o && this.#r(n), this.changed(), o && !s && this.tellLive(n);
  }
  onSnapshot({ data: t }) {
    const { rooms: e, items: s } = t, n = new Map(this.#t);
    this.drop(A(e));
    for (const o of s) this.hears(o) && this.#n(o, n.get(o.alert_id));
    this.changed();
  }
  build() {
    return {
      latestAlert: this.#i,
      alertCount: this.#s,
      openAlerts: [...this.#t.values()].sort(nt),
      ready: this.ready,
      problem: this.problem
    };
  }
  clear() {
    this.#t.clear(), this.#e.clear(), this.#i = void 0, this.#s = 0;
  }
  drop(t) {
    for (const [e, s] of this.#t) t(s) && this.#t.delete(e);
  }
  lose(t) {
    this.drop(t), this.#i && t(this.#i) && (this.#i = void 0);
  }
  /** False for a version that is older than what is known. */
  #o(t) {
    return (this.#e.get(t.alert_id) ?? 0) > t.version ? !1 : (this.#e.set(t.alert_id, t.version), this.#e.size > R && (this.#e = new Map([...this.#e].slice(R / 2))), t.status === "resolved" ? this.#t.delete(t.alert_id) : this.#t.set(t.alert_id, t), this.#i?.alert_id === t.alert_id && (this.#i = t), !0);
  }
  /** Of a snapshot that came instead of missed events, what we did not know was triggered meanwhile. */
  #n(t, e) {
    this.#o(t), this.ready && !e && t.status === "pending" && !t.suppressed && this.#r(t);
  }
  #r(t) {
    this.#i = t, this.#s += 1;
  }
}
class j extends Error {
  name = "SignedOutError";
}
function B() {
  const i = typeof document > "u" ? null : document.querySelector("[data-intraday]");
  return JSON.parse(i?.dataset.intraday || "{}");
}
function rt(i) {
  const t = i.url ?? B().url ?? "/ws", e = new URL(t, typeof location > "u" ? void 0 : location.href);
  return e.protocol = e.protocol.replace("http", "ws"), e.pathname === "/" && (e.pathname = "/ws"), e.hash = "", i.getToken && e.searchParams.set("auth", "message"), e.href;
}
function ht(i) {
  const t = i.WebSocket ?? globalThis.WebSocket;
  if (t) return t;
  throw new Error("There is no WebSocket here: give createIntraday() the one of the package ws, or use Node.js 22.");
}
async function at(i, t) {
  if (i.getToken) return { token: ct(await i.getToken()) };
  const e = B(), s = e.organization_id ?? t ?? null;
  return e.user_id ? { user_id: e.user_id, organization_id: s } : { organization_id: s };
}
function ct(i) {
  const t = typeof i == "string" ? i : i?.token;
  if (typeof t == "string" && t) return t;
  const e = JSON.stringify(i)?.slice(0, 200) ?? "nothing";
  throw new Error(`getToken has to answer a token or {"token": "…"}; it answered ${e}`);
}
const J = "INTRADAY_DEBUG";
function N(i) {
  return i ?? lt() ? (...t) => console.debug("intraday", ...t) : () => {
  };
}
function lt() {
  const { process: i } = globalThis;
  return !!i?.env?.[J] || !!dt();
}
function dt() {
  try {
    return globalThis.localStorage.getItem(J);
  } catch {
    return null;
  }
}
const ft = (i) => i.event === "authenticate" ? { ...i, data: ut(i.data) } : i, ut = (i) => i.token ? { ...i, token: "…" } : i;
function pt(i) {
  const t = typeof location > "u" ? "" : location.origin, e = t && ` The server takes pages of ${t} only if INTRADAY_ALLOWED_ORIGINS names that origin.`;
  return `Intraday: no connection to ${i}. Does a server answer there?${e} INTRADAY_DEBUG logs every message.`;
}
const wt = (i) => "seq" in i && "stream" in i, gt = ({ event: i, stream: t }) => i === `${E(t)}:snapshot`, St = ({ event: i, stream: t }) => i === `${E(t)}:resync`, V = ({ event: i, stream: t }) => i === `${E(t)}:update`, E = (i) => i.slice(0, i.indexOf(":"));
function K(i, t) {
  if (!I(t)) return t;
  const e = I(i) ? { ...i } : {};
  for (const [s, n] of Object.entries(t)) e[s] = K(e[s], n);
  return e;
}
const I = (i) => typeof i == "object" && i !== null && !Array.isArray(i), vt = 240, kt = 3, yt = 4, mt = {
  kpi: { usual: 60, least: 60 },
  // computed at least once a minute, and whenever an input changes
  backlog: { usual: 900, least: yt },
  attendance: { usual: 900, least: 300 }
  // people come when they come
}, bt = {
  latestUpdate: void 0,
  byScope: /* @__PURE__ */ new Map(),
  history: [],
  stale: !1,
  ready: !1,
  problem: void 0
}, _ = ({ latest: i, cadenceSeconds: t }) => i.quality === "stale" ? -1 / 0 : Date.parse(i.timestamp) + kt * t * 1e3, le = (i, t = Date.now(), e = 0) => t + e > _(i);
class _t extends P {
  constructor(t, e, s, n) {
    super(t, e, s, bt), this.figures = e, this.serverNow = n;
  }
  figures;
  serverNow;
  #t = /* @__PURE__ */ new Map();
  #e = [];
  #i = new c(!0);
  onEvent(t) {
    const e = t.data;
    !V(t) || e.latest === !1 || !this.hears(e) || (this.#s(e, !t.replayed), this.changed(), !t.replayed && this.#r()?.latest === e && this.tellLive(e));
  }
  onSnapshot({ data: t }) {
    const { rooms: e, items: s } = t, n = new Map(this.#t);
    this.drop(A(e));
    for (const o of s) this.hears(o) && this.#s(o, !1, n.get(f(o)));
    this.changed();
  }
  build() {
    const t = this.#r();
    return this.#h(t), {
      latestUpdate: t?.latest,
      byScope: new Map(this.#t),
      history: this.#e,
      stale: t !== void 0 && this.serverNow() > _(t),
      ready: this.ready,
      problem: this.problem
    };
  }
  clear() {
    this.#t.clear(), this.#e = [], this.#i.stop();
  }
  drop(t) {
    for (const [e, { latest: s }] of this.#t) t(s) && this.#t.delete(e);
  }
  lose(t) {
    this.drop(t), this.#e = this.#e.filter((e) => !t(e));
  }
  #s(t, e, s = this.#t.get(f(t))) {
    const n = this.#n(t, s);
    this.#t.set(f(t), { latest: t, receivedAt: Date.now(), cadenceSeconds: n, live: e }), this.#r()?.latest === t && this.#o(t);
  }
  /** A correction, and a snapshot of what is known, replace the last. */
  #o(t) {
    const e = this.#e.filter(({ timestamp: s }) => s !== t.timestamp);
    this.#e = [...e.slice(1 - vt), t];
  }
  /** As the feed says, else as it was seen, smoothed. */
  #n({ timestamp: t, interval_seconds: e }, s) {
    const { usual: n, least: o } = mt[this.figures];
    if (e) return Math.max(o, e);
    if (!s) return n;
    const r = (Date.parse(t) - Date.parse(s.latest.timestamp)) / 1e3;
    return r > 0 ? Math.max(o, (r + s.cadenceSeconds) / 2) : s.cadenceSeconds;
  }
  /** A queue that was asked for without its department may be several: it is the first of them, always the same. */
  #r() {
    const { queue_name: t, department_id: e } = this.selection;
    if (!t || e) return this.#t.get(f(this.selection));
    const s = [...this.#t].filter(([, { latest: n }]) => tt(this.selection, n)).map(([n]) => n);
    return this.#t.get(s.sort()[0] ?? "");
  }
  #h(t) {
    const e = t ? _(t) - this.serverNow() : -1;
    e >= 0 ? this.#i.start(e + 1, this.changed) : this.#i.stop();
  }
}
class At {
  #t = /* @__PURE__ */ new Map();
  #e = new FinalizationRegistry((t) => {
    this.#t.get(t)?.deref() || this.#t.delete(t);
  });
  get size() {
    return this.#t.size;
  }
  /** The same object for the same key. */
  of(t, e) {
    const s = this.#t.get(t)?.deref();
    if (s) return s;
    const n = e();
    return this.#t.set(t, new WeakRef(n)), this.#e.register(n, t), n;
  }
}
const M = 1e3;
class Et {
  #t = g();
  // the server's time minus `elapsed`
  #e = this.#t;
  // the browser's, when the server's was measured
  #i = 0;
  #s = !1;
  get now() {
    return a() + this.#t;
  }
  /** The server's clock minus that of the browser, as it is set now. */
  get offset() {
    return Math.round(this.#t - g());
  }
  /** The browser's clock was set, or its machine slept, since the server's time was measured. */
  get isDoubtful() {
    return !this.#s && Math.abs(g() - this.#e) > M;
  }
  asked() {
    this.#i = a(), this.#s = !0;
  }
  /** The answer to `asked`. Returns whether the time has moved. */
  answered(t) {
    this.#s = !1, this.#e = g();
    const e = t - (this.#i + a()) / 2, s = Math.abs(e - this.#t) > M;
    return s && (this.#t = e), s;
  }
}
const g = () => Date.now() - a(), q = 40, C = 40;
class Ot {
  constructor(t) {
    this.write = t;
  }
  write;
  #t = [];
  #e = q;
  #i = -1 / 0;
  // full
  #s = new c();
  send(t) {
    this.#t.push(t), this.#o();
  }
  /** Drop the messages that wait: their connection has ended. The next one has a budget of its own. */
  clear() {
    this.#t = [], this.#i = -1 / 0, this.#s.stop();
  }
  #o = () => {
    for (this.#n(); this.#t.length && this.#e >= 1; )
      this.#e -= 1, this.write(this.#t.shift());
    this.#t.length && !this.#s.running && this.#s.start(1e3 / C, this.#o);
  };
  #n() {
    const t = a();
    this.#e = Math.min(q, this.#e + (t - this.#i) * C / 1e3), this.#i = t;
  }
}
const Rt = 0.75, Tt = 1e3, L = 1e4, Nt = 6e4, It = 3;
class Mt {
  constructor(t, e) {
    this.owner = t, this.link = e;
  }
  owner;
  link;
  signedIn = !1;
  #t = "";
  #e = 0;
  #i = 1 / 0;
  // milliseconds of the server's clock
  #s = 0;
  #o = 0;
  #n = new c();
  /** Resolves once they are sent; rejects where there are none. An answer for an older connection is dropped. */
  async begin() {
    const t = this.#t = `authenticate-${++this.#e}`, e = await this.owner.credentials();
    t === this.#t && this.link.send(e, t);
  }
  /** A session is signed in without being asked. A page that brings a token waits for the answer to it. */
  isOurs(t) {
    return t === this.#t || t === void 0 && !this.owner.renewable;
  }
  isRefusal(t) {
    return t === this.#t && this.#t !== "";
  }
  /** Returns whether it is the first time on this connection. */
  accept({ expires_at: t }) {
    const e = !this.signedIn;
    return this.signedIn = !0, this.#o = 0, this.#i = t === null ? 1 / 0 : Date.parse(t), this.planRefresh(), e;
  }
  planRefresh() {
    if (!this.signedIn || this.#i === 1 / 0) return this.#n.stop();
    const t = this.#i - this.link.serverNow();
    this.#n.start(Math.max(Tt, t * Rt), this.#r);
  }
  /** The connection stays as long as its credentials hold: new ones are asked for again, ever more rarely. */
  tryAgain() {
    const t = L / 2 + b(this.#o, L / 2, Nt);
    this.#o += 1, this.#n.start(t, this.#r);
  }
  /** The connection was closed for its credentials. Returns whether others may do. */
  mayRetry() {
    return this.#s += 1, this.owner.renewable && this.#s < It;
  }
  /** A connection has lasted. */
  settled() {
    this.#s = 0;
  }
  drop() {
    this.signedIn = !1, this.#t = "", this.#o = 0, this.#n.stop();
  }
  #r = () => {
    const t = (n) => {
      n instanceof j || this.tryAgain();
    }, e = this.begin(), s = this.#t;
    e.catch((n) => s === this.#t && t(n));
  };
}
const qt = 500, S = 15e3, Ct = 5e3, Lt = 5e3, D = 1e4, Dt = 100, Ut = 5e3, Ft = 1.5, $t = 1e3, y = 1, u = 4401, zt = 4429, U = {
  [u]: "Signed out: sign in again.",
  4403: "Refused: you may not see this.",
  4413: "Stopped: a message was larger than the server takes."
}, xt = () => {
};
class Gt {
  status = new G({ state: "idle", since: Date.now(), clockOffset: 0 });
  #t;
  #e;
  #i = new Et();
  #s;
  #o = new Ot((t) => this.#S(t));
  #n = 0;
  #r;
  // as the server asked
  #h;
  // by `elapsed`
  #a = 0;
  // milliseconds without a word that are no cause for doubt
  #c = !1;
  #d = !1;
  #p = new c();
  #f = new c();
  #l = new c();
  constructor(t) {
    this.#t = t, this.#s = new Mt(t, {
      send: (e, s) => this.send("authenticate", e, s),
      serverNow: () => this.serverNow
    });
  }
  get serverNow() {
    return this.#i.now;
  }
  connect() {
    const t = this.#t.webSocket(), e = this.status.getState().state;
    this.#v(), this.#r = void 0, this.#u(e === "reconnecting" || e === "offline" ? e : "connecting"), this.#_();
    const s = this.#e = new t(this.#t.url());
    s.onmessage = ({ data: n }) => this.#A(JSON.parse(String(n))), s.onclose = ({ code: n, reason: o }) => this.#M(n, o), s.onerror = () => this.#l.start(Dt, () => this.#w("No connection.")), this.#l.start(D, () => this.#w("The server does not answer."));
  }
  /** Does not wait for the rest of a delay; and a connection that may be dead is tried. */
  wake = () => {
    this.status.getState().state === "idle" || this.status.getState().state === "stopped" || (this.#e?.readyState === y ? this.#b() : this.connect());
  };
  /** Also out of `stopped`: somebody has signed in again. */
  reconnectNow() {
    this.#n = 0, this.#s.settled(), this.connect();
  }
  close() {
    this.#v(), this.#f.stop(), this.#u("idle");
  }
  get ready() {
    return this.#s.signedIn && this.#e?.readyState === y;
  }
  send(t, e, s) {
    this.#e?.readyState === y && this.#o.send({ event: t, data: e, id: s });
  }
  /** The answer comes after all that was asked for before. */
  ping(t) {
    this.send("ping", {}, t);
  }
  caughtUp() {
    this.status.getState().state === "catching_up" && (this.#h = a(), this.#u("live"));
  }
  #S(t) {
    t.event === "ping" && this.#i.asked(), this.#t.log()("sent", ft(t)), this.#e?.send(JSON.stringify(t));
  }
  // --- what comes ----------------------------------------------------------------------------------------------------
  #A(t) {
    this.#t.log()("heard", t), this.#f.stop(), this.#c = !1, this.#l.start(this.#a || D, () => this.#b()), this.#y(t), this.#I(), this.#t.onMessage(t);
  }
  #y(t) {
    t.event === "welcome" ? this.#g(t.data.heartbeat_seconds) : t.event === "authenticated" && this.#s.isOurs(t.id) ? this.#N(t.data) : t.event === "error" && this.#s.isRefusal(t.id) ? this.#E(t.data.code) : t.event === "pong" ? this.#m(Date.parse(t.data.server_time)) : t.event === "reconnect" && (this.#r = t.data.retry_after_ms);
  }
  #g(t) {
    this.#a = t * 1e3 * Ft, this.#d = !0, this.#u("catching_up", { code: void 0, reason: void 0 });
    const e = this.#e;
    this.#s.begin().catch((s) => e === this.#e && this.#T(s));
  }
  #T(t) {
    t instanceof j ? this.#O(u, t.message || U[u]) : this.#w(`No credentials: ${String(t)}`);
  }
  #N(t) {
    const { user_id: e, organization_id: s, role: n } = t, o = this.status.getState(), h = o.user_id !== void 0 && (o.user_id !== e || o.organization_id !== s), l = this.#s.accept(t);
    this.#k({ user_id: e, organization_id: s, role: n }), l && this.ping(), this.#t.onSignedIn({ first: l, other: h });
  }
  /** Of new credentials on a connection whose old ones hold. Where there are none, the server closes. */
  #E(t) {
    t === "other_user" ? this.#t.onOtherUser() : this.#s.tryAgain();
  }
  #m(t) {
    this.#i.answered(t) && (this.#s.planRefresh(), this.#t.onTime());
  }
  /** Somebody has set the clock, or the machine slept: the next answer says what time it is. */
  #I() {
    const t = this.#i.offset;
    Math.abs(t - this.status.getState().clockOffset) > $t && this.#k({ clockOffset: t }), this.#i.isDoubtful && this.ping();
  }
  // --- what goes wrong -----------------------------------------------------------------------------------------------
  #b() {
    this.#c || (this.#c = !0, this.#l.start(Ut, () => this.#w("The server fell silent.")), this.#_(), this.ping());
  }
  #M(t, e) {
    this.#R();
    const s = U[t], n = t === u && this.#s.mayRetry();
    s === void 0 || n ? this.#w(e || void 0, t) : this.#O(t, this.#t.renewable && t === u ? Ht(e) : e || s);
  }
  #O(t, e) {
    this.#v(), this.#f.stop(), this.#u("stopped", { code: t, reason: e });
  }
  /** Gives the connection up without waiting for its close, which over a dead network takes minutes. */
  #w(t, e) {
    this.#R(), this.#C(), this.#v();
    const s = this.#q(e);
    this.#n += 1, this.#p.start(s, () => this.connect());
    const n = { retryAt: Date.now() + s, reason: t, code: e };
    if (this.status.getState().state === "offline") return this.#k(n);
    this.#_(), this.#u("reconnecting", n);
  }
  /** A server that finds us too fast is left alone for longer. */
  #q(t) {
    return t === zt ? S / 2 + b(0, S / 2, S) : this.#r ?? b(this.#n, qt, S);
  }
  #R() {
    const t = this.#h !== void 0 && a() - this.#h > Ct;
    this.#h = void 0, t && (this.#n = 0, this.#s.settled());
  }
  #C() {
    this.#d || console.warn(pt(this.#t.url())), this.#d = !0;
  }
  #_() {
    this.#f.running || this.status.getState().state === "offline" || this.#f.start(Lt, () => this.#u("offline"));
  }
  #v() {
    for (const e of [this.#p, this.#l]) e.stop();
    const t = this.#e;
    t && (this.#e = void 0, this.#c = !1, this.#s.drop(), this.#o.clear(), t.onmessage = t.onclose = null, t.onerror = xt, t.close(), this.#t.onLost());
  }
  #u(t, e = {}) {
    const s = this.status.getState(), n = s.state === t ? s.since : Date.now(), o = this.#p.running ? s.retryAt : void 0;
    this.#t.log()(t, e.reason ?? ""), this.status.set({ ...s, retryAt: o, ...e, state: t, since: n });
  }
  #k(t) {
    this.status.set({ ...this.status.getState(), ...t });
  }
}
const Ht = (i) => `The server refuses the tokens that getToken answers${i && `: ${i}`}`, Wt = 250, F = 1e3;
class Yt {
  constructor(t) {
    this.send = t, this.#i = Y(() => this.#s(), Wt);
  }
  send;
  #t = /* @__PURE__ */ new Set();
  #e = /* @__PURE__ */ new Map();
  #i;
  add(t) {
    const { stream: e, seq: s } = t;
    this.#t.add($(t)), this.#t.size > F && (this.#t = new Set([...this.#t].slice(F / 2))), this.#e.set(e, Math.max(s, this.#e.get(e) ?? 0)), this.#i();
  }
  has(t) {
    return this.#t.has($(t));
  }
  clear() {
    this.#t.clear(), this.#e.clear();
  }
  #s() {
    for (const [t, e] of this.#e) this.send({ stream: t, seq: e });
    this.#e.clear();
  }
}
const $ = ({ stream: i, epoch: t, seq: e }) => `${i} ${t} ${e}`;
class Pt {
  #t = /* @__PURE__ */ new Map();
  // by stream
  /** Returns the whole snapshot, and the events that waited for it; nothing while parts are missing. */
  add(t) {
    const { rooms: e, items: s, complete: n } = t.data, o = this.#t.get(t.stream), r = e.length ? void 0 : o, h = { rooms: r?.rooms ?? e, items: [...r?.items ?? [], ...s], held: o?.held ?? [] };
    if (this.#t.set(t.stream, h), n !== !1)
      return this.#t.delete(t.stream), { snapshot: { ...t, data: { rooms: h.rooms, items: h.items } }, held: h.held };
  }
  /** Returns whether the event has to wait. */
  hold(t) {
    const e = this.#t.get(t.stream);
    return e?.held.push(t), e !== void 0;
  }
  isUnfinished(t) {
    return this.#t.has(t);
  }
  clear() {
    this.#t.clear();
  }
}
const jt = 48 * 1024, Bt = 1e3, Jt = new TextEncoder();
function m(i) {
  const t = [];
  let e = 0;
  for (const s of i) {
    const n = Jt.encode(JSON.stringify(s)).length + 1, o = t.at(-1);
    o && n <= e && o.length < Bt ? o.push(s) : t.push([s]), e = (o && t.at(-1) === o ? e : jt) - n;
  }
  return t;
}
class Vt {
  #t = /* @__PURE__ */ new Map();
  // stream -> event and scope -> message
  /** The message with its whole payload; undefined where its base is not at hand. */
  whole(t) {
    const e = this.#i(t.stream);
    if (t.base === void 0)
      return this.#e(e, t), t;
    const s = [...e.values()].find((o) => o.seq === t.base && o.epoch === t.epoch);
    if (!s) return;
    const n = { ...t, data: K(s.data, t.data) };
    return this.#e(e, n), n;
  }
  clear() {
    this.#t.clear();
  }
  #e(t, e) {
    V(e) && t.set(e.event + f(e.data), e);
  }
  #i(t) {
    const e = this.#t.get(t) ?? /* @__PURE__ */ new Map();
    return this.#t.set(t, e), e;
  }
}
class Kt {
  #t = /* @__PURE__ */ new Map();
  /** Never back, but for a new epoch. */
  moveTo(t, { epoch: e, seq: s }) {
    const n = this.#t.get(t);
    (n?.epoch !== e || s > n.seq) && this.#t.set(t, { epoch: e, seq: s });
  }
  /** A heartbeat: what lies before will not come any more. A stream whose snapshot is still to come is left alone. */
  advance(t) {
    for (const [e, s] of Object.entries(t))
      s && this.#t.get(e)?.epoch === s.epoch && this.moveTo(e, s);
  }
  isOld({ stream: t, epoch: e, seq: s }) {
    const n = this.#t.get(t);
    return n?.epoch === e && s <= n.seq;
  }
  /** Of the streams of these rooms. */
  since(t) {
    const e = z(t);
    return Object.fromEntries([...this.#t].filter(([s]) => e.has(s)));
  }
  /** Forgets the streams in which no room is wanted any more. */
  keepOnly(t) {
    const e = z(t);
    for (const s of this.#t.keys()) e.has(s) || this.#t.delete(s);
  }
  clear() {
    this.#t.clear();
  }
}
const z = (i) => new Set([...i].map(p));
class Qt {
  #t = /* @__PURE__ */ new Map();
  #e = 0;
  get none() {
    return this.#t.size === 0;
  }
  add(t) {
    const e = `subscribe-${++this.#e}`;
    return this.#t.set(e, { rooms: t, position: {}, answered: !1 }), e;
  }
  get(t) {
    return this.#t.get(t);
  }
  take(t) {
    const e = this.#t.get(t);
    return this.#t.delete(t), e;
  }
  takeAll() {
    const t = [...this.#t.values()];
    return this.#t.clear(), t;
  }
  /** Takes those that were answered and wait for no stream. */
  takeComplete(t) {
    return [...this.#t].filter(
      ([, { answered: s, rooms: n }]) => s && !n.some((o) => t(p(o)))
    ).flatMap(([s]) => this.take(s) ?? []);
  }
}
const x = 1e4;
class Xt {
  #t = /* @__PURE__ */ new Map();
  #e = /* @__PURE__ */ new Map();
  isRefused(t) {
    return this.#t.has(t);
  }
  /** Why a room was refused a moment ago. */
  refusal(t) {
    const e = this.#t.get(t);
    return e && a() - e.at < x ? e.problem : void 0;
  }
  refuse(t, e) {
    this.#e.delete(t), this.#t.set(t, { problem: e, at: a() });
  }
  /** Somebody asks again. */
  forgive(t) {
    this.#t.delete(t);
  }
  /** Notes the answer. Returns what these rooms were granted as before and are no more. */
  grant(t, e) {
    const s = t.filter((o) => this.#e.has(o)).flatMap((o) => this.roomsOf(o));
    for (const o of t) {
      const r = e[o];
      r ? this.#e.set(o, r) : this.#e.delete(o);
    }
    const n = new Set(t.flatMap((o) => this.roomsOf(o)));
    return s.filter((o) => !n.has(o));
  }
  /** The rooms that the server knows this one as. */
  roomsOf(t) {
    return this.#e.get(t) ?? [t];
  }
  /** Takes rooms away, as the server names them. Returns which of them each asked room has lost, and what is left. */
  take(t, e) {
    const s = [];
    for (const n of e) {
      const o = this.roomsOf(n), r = o.filter((h) => !t.has(h));
      r.length !== o.length && (r.length && this.#e.set(n, r), s.push({ room: n, lost: o.filter((h) => t.has(h)), left: r.length }));
    }
    return s;
  }
  /** Asked rooms whose answer depends on who asks: refused ones, and those that were granted as others. */
  get conditional() {
    return [...this.#t.keys(), ...this.#e.keys()];
  }
  /** Drops what nobody wants any more; a refusal is kept for as long as it counts. */
  keepOnly(t) {
    for (const e of this.#e.keys()) t.has(e) || this.#e.delete(e);
    for (const [e, { at: s }] of this.#t)
      !t.has(e) && a() - s >= x && this.#t.delete(e);
  }
  clear() {
    this.#t.clear(), this.#e.clear();
  }
}
const Zt = 100, te = 250, ee = 2e3, se = /* @__PURE__ */ new Set(["unavailable", "access_changed"]), ie = { code: "forbidden", message: "Your access has changed." };
class ne {
  constructor(t, e, s) {
    this.options = s, this.#t = t, this.#e = e, this.#S = new Yt((n) => t.send("ack", n));
  }
  options;
  #t;
  #e;
  #i = /* @__PURE__ */ new Map();
  // room -> how many want it
  #s = /* @__PURE__ */ new Set();
  // asked for on this connection
  #o = /* @__PURE__ */ new Set();
  // whose state we hold up to the position of its stream
  #n = new Xt();
  #r = new Kt();
  #h = new Qt();
  #a = /* @__PURE__ */ new Set();
  // rooms
  #c = new Pt();
  #d = !1;
  #p = -1 / 0;
  #f = new c();
  #l = new c();
  #S;
  #A = new Vt();
  /** Listen to a room until the function that is returned is called. With `state`, its snapshot is sent anew. */
  want(t, { state: e }) {
    this.#i.set(t, (this.#i.get(t) ?? 0) + 1), e && (this.#s.has(t) || this.#o.has(t)) && this.#a.add(t);
    const s = this.#n.refusal(t);
    return s ? this.#e.onRefused(t, s) : this.#n.forgive(t), this.#y(), () => {
      this.#i.set(t, (this.#i.get(t) ?? 0) - 1), this.#y();
    };
  }
  isRefused(t) {
    return this.#n.isRefused(t);
  }
  /** Nothing that was heard counts any more: the next connection is somebody else's. */
  forget() {
    this.#r.clear(), this.#o.clear(), this.#n.clear(), this.#S.clear(), this.#A.clear();
  }
  onReady() {
    this.#s.clear(), this.#h.takeAll(), this.#n.clear(), this.#g(), this.#h.none && this.#t.caughtUp();
  }
  /** Signed in anew on the same connection: who was limited may be so no more. */
  onRenewed() {
    for (const t of this.#n.conditional)
      this.#n.forgive(t), this.#s.has(t) && this.#a.add(t);
    this.#y();
  }
  onLost() {
    this.#s.clear(), this.#h.takeAll(), this.#c.clear(), this.#l.stop(), this.#f.stop(), this.#d = !1, this.#p = -1 / 0;
  }
  // --- asking --------------------------------------------------------------------------------------------------------
  /** After all that this turn of the event loop mounts and unmounts, and what the next ones do: few messages for many. */
  #y() {
    if (this.#d) return;
    this.#d = !0;
    const t = this.#p + Zt - a();
    t <= 0 ? queueMicrotask(() => this.#g()) : this.#f.start(t, () => this.#g());
  }
  #g() {
    if (this.#d = !1, this.#p = a(), this.#f.stop(), this.#N(), !this.#t.ready) return;
    for (const s of this.#a) this.#o.delete(s);
    const t = [...this.#i.keys()].filter((s) => this.#T(s));
    this.#a.clear();
    const e = t.filter((s) => this.#o.has(s));
    this.#m(m(e), { resume: !0 }), this.#m(m(t.filter((s) => !e.includes(s))), { resume: !1 });
  }
  #T(t) {
    return !this.#n.isRefused(t) && (this.#a.has(t) || !this.#s.has(t));
  }
  #N() {
    const t = [...this.#i].filter(([, s]) => s === 0).map(([s]) => s), e = t.filter((s) => this.#s.has(s)).flatMap((s) => this.#n.roomsOf(s));
    for (const s of t)
      for (const n of [this.#i, this.#s, this.#o, this.#a]) n.delete(s);
    this.#E(e), this.#r.keepOnly(this.#i.keys()), this.#n.keepOnly(this.#i);
  }
  /** Rooms as the server knows them; two that were asked for may have been granted as the same. */
  #E(t) {
    const e = new Set([...this.#s].flatMap((n) => this.#n.roomsOf(n))), s = t.filter((n) => !e.has(n));
    for (const n of m(s)) this.#t.send("unsubscribe", { rooms: n });
  }
  /** The server replays a stream once, with the first message that names it: rooms in later ones get their snapshot. */
  #m(t, { resume: e }) {
    const s = /* @__PURE__ */ new Set();
    for (const n of t) {
      for (const o of n) s.has(p(o)) && this.#o.delete(o);
      this.#I(n, e ? this.#r.since(n) : void 0);
      for (const o of n) s.add(p(o));
    }
  }
  #I(t, e) {
    const s = this.#h.add(t), { delta: n, batch_ms: o } = this.options();
    for (const r of t) this.#s.add(r);
    this.#t.send(
      "subscribe",
      { rooms: t, ...e && { since: e }, ...n && { delta: n }, ...o && { batch_ms: o } },
      s
    ), this.#t.ping(s);
  }
  #b(t) {
    for (const e of t) this.#a.add(e);
    this.#l.running || this.#l.start(te, () => this.#g());
  }
  // --- answers -------------------------------------------------------------------------------------------------------
  onMessage(t) {
    wt(t) ? this.#D(t) : this.#M(t);
  }
  #M(t) {
    if (t.event === "batch") for (const e of t.data.events) this.#D(e);
    else t.event === "subscribed" ? this.#O(t.data, String(t.id)) : t.event === "pong" ? this.#w(String(t.id)) : t.event === "heartbeat" ? this.#r.advance(t.data.position) : t.event === "unsubscribed" && t.id === void 0 ? this.#R(t.data) : t.event === "error" && this.#C(t.data, String(t.id));
  }
  #O({ position: t, granted: e = {}, refused: s = {} }, n) {
    const o = this.#h.get(n);
    o && (o.position = t, this.#k(s), o.rooms = o.rooms.filter((r) => !s[r]), this.#E(this.#n.grant(o.rooms, e)));
  }
  /** The pong after a subscribe: its snapshot or its missed events have all come. */
  #w(t) {
    const e = this.#h.get(t);
    e && (e.answered = !0);
    for (const s of this.#h.takeComplete((n) => this.#c.isUnfinished(n))) {
      for (const [n, o] of Object.entries(s.position))
        o && this.#r.moveTo(n, o);
      for (const n of s.rooms) this.#s.has(n) && this.#q(n);
    }
    this.#h.none && this.#t.caughtUp();
  }
  #q(t) {
    this.#a.has(t) || (this.#o.add(t), this.#e.onReady(t));
  }
  #R({ rooms: t, code: e, message: s }) {
    const n = { ...ie, ...e && { code: e }, ...s && { message: s } }, o = [...this.#i.keys()].filter((r) => !this.#n.isRefused(r));
    for (const { room: r, lost: h, left: l } of this.#n.take(new Set(t), o))
      l ? this.#e.onNarrowed(r, h) : this.#L(r, n);
  }
  #C({ code: t, message: e, refused: s }, n) {
    if (t === "rate_limited") return this.#v();
    const o = this.#h.take(n);
    if (!o) return;
    const { rooms: r } = o;
    if (s) this.#k(s);
    else if (se.has(t)) this.#u(r);
    else if (r.length > 1) this.#_(r);
    else for (const h of r) this.#L(h, { code: t, message: e });
    this.#h.none && this.#t.caughtUp();
  }
  /** A server that does not name the rooms it refuses, refuses all that were asked for with them: find those. */
  #_(t) {
    const e = Math.ceil(t.length / 2);
    this.#m([t.slice(0, e), t.slice(e)], { resume: t.every((s) => this.#o.has(s)) });
  }
  #v() {
    this.#u(this.#h.takeAll().flatMap(({ rooms: t }) => t));
  }
  #u(t) {
    for (const e of t) this.#s.delete(e);
    this.#l.start(ee, () => this.#g());
  }
  #k(t) {
    for (const [e, s] of Object.entries(t)) s && this.#L(e, s);
  }
  #L(t, e) {
    this.#s.delete(t), this.#o.delete(t), this.#n.refuse(t, e), this.#e.onRefused(t, e);
  }
  // --- events of the log ---------------------------------------------------------------------------------------------
  #D(t) {
    if (gt(t)) return this.#$(t);
    if (this.#c.hold(t)) return;
    (t.redelivered ? this.#S.has(t) : this.#r.isOld(t)) || this.#F(t), t.requires_ack && this.#S.add(t);
  }
  #F(t) {
    if (this.#r.moveTo(t.stream, t), St(t)) return this.#b(this.#U(t.stream));
    const e = this.#A.whole(t);
    e ? this.#e.onEvent(e) : this.#b(this.#U(t.stream));
  }
  #$(t) {
    const e = this.#c.add(t);
    if (e) {
      this.#r.moveTo(t.stream, t), this.#e.onSnapshot(e.snapshot);
      for (const s of e.held) this.#D(s);
      this.#w("");
    }
  }
  #U(t) {
    return [...this.#i.keys()].filter((e) => p(e) === t);
  }
}
const d = () => {
};
class oe {
  status;
  #t;
  #e;
  #i;
  #s;
  #o = /* @__PURE__ */ new Map();
  // by stream
  #n;
  #r = new At();
  constructor(t = {}) {
    this.#t = t, this.#e = N(t.debug), this.#i = this.#p(), this.status = this.#i.status, this.#s = new ne(this.#i, this, () => ({
      delta: this.#t.delta,
      batch_ms: this.#t.batchMilliseconds
    }));
  }
  /** Another server or another user. What is on screen goes on, with what they may see. */
  configure(t) {
    this.#t = t, this.#e = N(t.debug), this.status.getState().state !== "idle" && this.#l();
  }
  /** Without waiting for the next attempt; also after `stopped`, when somebody has signed in again. */
  reconnectNow = () => this.#i.reconnectNow();
  /** Ends the connection; the next listener opens it again. */
  close() {
    this.#n?.(), this.#n = void 0, this.#i.close();
  }
  /** The newest figure of a scope and of all scopes inside it; the same view for the same selection. */
  figures(t, e) {
    const s = k(e);
    return this.#r.of(O(t, s), () => new _t(this, t, s, () => this.#i.serverNow));
  }
  alerts(t) {
    const e = k(t);
    return this.#r.of(O("alerts", e), () => new ot(this, e));
  }
  /**
   * Every live event of a channel: also check-ins, acknowledgements, notifications and custom events. `onProblem` is
   * told where the server refuses.
   */
  listen(t, e, s, n = d) {
    const o = k(e), r = (l) => {
      v(o, l.data) && !l.replayed && w([s], l);
    }, h = { onSnapshot: d, onReady: d, onRefused: n, onNarrowed: d, onTime: d };
    return this.attach({ channel: t, selection: o, room: W(t, o), stateful: !1, onEvent: r, ...h });
  }
  attach(t) {
    const e = H(t.channel, t.selection.organization_id), s = this.#o.get(e) ?? /* @__PURE__ */ new Set();
    this.#o.set(e, s.add(t));
    const n = this.#s.want(t.room, { state: t.stateful });
    return this.status.getState().state === "idle" && this.#h(), () => {
      s.delete(t), !s.size && this.#o.get(e) === s && this.#o.delete(e), n();
    };
  }
  #h() {
    this.#n = re(this.#i.wake), this.#i.connect();
  }
  onEvent(t) {
    this.#a(t.stream, (e) => e.onEvent(t));
  }
  onSnapshot(t) {
    this.#a(t.stream, (e) => e.onSnapshot(t));
  }
  onReady(t) {
    for (const e of this.#c(t)) e.onReady();
  }
  onRefused(t, e) {
    for (const s of this.#c(t)) s.onRefused(e);
  }
  onNarrowed(t, e) {
    for (const s of this.#c(t)) s.onNarrowed(e);
  }
  /** A refused one hears nothing, not even what the rooms of others bring into its stream. */
  #a(t, e) {
    const n = [...this.#o.get(t) ?? []].filter(({ room: o }) => !this.#s.isRefused(o));
    w(
      n.map((o) => () => e(o)),
      void 0
    );
  }
  #c(t) {
    return this.#d().filter((e) => e.room === t);
  }
  #d() {
    return [...this.#o.values()].flatMap((t) => [...t]);
  }
  #p() {
    const t = () => this.#t;
    return new Gt({
      get renewable() {
        return t().getToken !== void 0;
      },
      url: () => rt(t()),
      webSocket: () => ht(t()),
      credentials: () => at(t(), this.#d()[0]?.selection.organization_id),
      log: () => this.#e,
      onSignedIn: (e) => this.#f(e),
      onOtherUser: () => this.#l(),
      onMessage: (e) => this.#s.onMessage(e),
      onLost: () => this.#s.onLost(),
      onTime: () => this.#d().forEach((e) => e.onTime())
    });
  }
  #f({ first: t, other: e }) {
    e && this.#s.forget(), t || e ? this.#s.onReady() : this.#s.onRenewed();
  }
  #l() {
    this.#s.forget(), this.#i.reconnectNow();
  }
}
function re(i) {
  if (typeof window > "u") return () => {
  };
  const t = new AbortController(), { signal: e } = t;
  for (const s of ["online", "offline", "pageshow"]) window.addEventListener(s, i, { signal: e });
  return document.addEventListener("visibilitychange", () => document.hidden || i(), { signal: e }), () => t.abort();
}
const Q = (i) => new oe(i), de = Q;
let he;
const ae = () => he ??= Q(), fe = (i) => ae().configure(i);
export {
  ot as AlertsView,
  _t as FiguresView,
  oe as RealtimeClient,
  j as SignedOutError,
  fe as configureIntraday,
  de as createClient,
  Q as createIntraday,
  ae as defaultClient,
  le as isStale,
  B as pageConfig,
  f as scopeKey
};
