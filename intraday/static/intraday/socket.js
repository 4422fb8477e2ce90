// The connection: signs in, subscribes, resumes where it stopped, and says in words how it stands.

const FIRST_DELAY = 500;
const LONGEST_DELAY = 15_000;
const WELCOME_WITHIN = 10_000;
const FINAL = {
  4401: "Signed out: sign in again",
  4403: "Refused: you may not see this",
  4429: "Stopped: this page sent too many messages",
};

/** Full jitter: anything up to a bound that doubles, so that many pages do not come back at once. */
const jittered = (attempt) => Math.random() * Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** attempt);

export class LiveSocket {
  /**
   * `onMessage` gets each event of the log once, in order, and every other message. `onState` gets
   * `{name, text, retryAt?}`; name is connecting, catching-up, live, offline or stopped.
   */
  constructor({ url, userId, organization, onMessage, onState, onProblem }) {
    Object.assign(this, { url, userId, organization, onMessage, onState, onProblem });
    this.clockOffset = 0; // the server's clock minus ours, in milliseconds
    this.positions = {};
    this.attempt = 0;
    this.stopped = false;
    setInterval(() => this.#checkSilence(), 5_000);
    addEventListener("online", () => this.retryNow());
    document.addEventListener("visibilitychange", () => document.hidden || this.retryNow());
  }

  connect() {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.retryAfter = undefined;
    this.subscribed = false;
    this.patience = WELCOME_WITHIN;
    this.heardAt = Date.now();
    if (this.wasLive) this.onState({ name: "offline", text: "Offline – reconnecting now" });
    else this.onState({ name: "connecting", text: "Connecting" });
    this.socket = new WebSocket(this.url);
    this.socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
    this.socket.onclose = ({ code, reason }) => this.#closed(code, reason);
  }

  /** Does not wait for the rest of the delay. */
  retryNow() {
    if (this.timer !== undefined) this.connect();
  }

  #send(event, data, id) {
    this.socket.send(JSON.stringify({ event, data, id }));
  }

  #receive(message) {
    this.heardAt = Date.now();
    if (this.#isOld(message)) return;
    if (message.seq !== undefined) {
      this.positions[message.stream] = { epoch: message.epoch, seq: message.seq };
    }
    this[`_${message.event}`]?.(message.data, message);
    if (message.event.endsWith(":resync")) this.#subscribe({});
    this.onMessage(message);
  }

  #isOld({ event, stream, epoch, seq, redelivered }) {
    const known = this.positions[stream];
    if (!known || seq === undefined || redelivered || event.endsWith(":snapshot")) return false;
    return known.epoch === epoch && seq <= known.seq;
  }

  _welcome({ heartbeat_seconds: seconds }) {
    this.patience = seconds * 2_250;
    this.onState({ name: "catching-up", text: "Catching up" });
    this.#send("authenticate", { user_id: this.userId, organization_id: this.organization });
  }

  _authenticated() {
    this.#subscribe(this.positions);
  }

  /** The answer to the ping comes after all that was missed: then we are live. */
  #subscribe(since) {
    this.#send("subscribe", { channels: ["backlog"], organization_id: this.organization, since }, "subscribe");
    this.#ping();
  }

  #ping() {
    this.#send("ping", {}, Date.now());
  }

  _subscribed() {
    this.subscribed = true;
  }

  _pong({ server_time: serverTime }, { id: sentAt }) {
    this.clockOffset = Date.parse(serverTime) - (sentAt + Date.now()) / 2;
    if (!this.subscribed) return;
    this.wasLive = true;
    this.attempt = 0;
    this.onState({ name: "live", text: "Live" });
  }

  _heartbeat({ position }) {
    Object.assign(this.positions, position);
    this.#ping();
  }

  _reconnect({ retry_after_ms: delay }) {
    this.retryAfter = delay;
  }

  _error({ code, message }, { id }) {
    this.onProblem(`The server says: ${message}`);
    if (id !== "subscribe") return;
    if (code === "unavailable") this.#lose();
    else this.#stop(`Stopped: ${message}`);
  }

  #closed(code, reason) {
    if (FINAL[code]) this.#stop(reason ? `${FINAL[code]} (${reason})` : FINAL[code]);
    else this.#wait();
  }

  #wait() {
    this.socket = undefined;
    const delay = this.retryAfter ?? jittered(this.attempt);
    this.attempt += 1;
    this.timer = setTimeout(() => this.connect(), delay);
    this.onState({ name: "offline", text: "Offline – reconnecting", retryAt: Date.now() + delay });
  }

  #stop(text) {
    this.#drop();
    this.onState({ name: "stopped", text });
  }

  /** Gives a connection up without waiting for its close, which over a dead network takes minutes. */
  #lose() {
    this.#drop();
    this.#wait();
  }

  #drop() {
    if (!this.socket) return;
    this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
    this.socket = undefined;
  }

  #checkSilence() {
    if (this.socket && Date.now() - this.heardAt > this.patience) this.#lose();
  }
}
