// One WebSocket that stays: signs in, comes back by itself, knows when it is not heard, and says how it stands.

import type { Answer, Message } from "./protocol/messages.js";
import { Observable } from "./observable.js";
import { fullJitter, Timer } from "./timing.js";
import type { Authenticate, Authenticated, Requests } from "./protocol/types.js";

export type ConnectionState =
  | "idle" // nobody asked for anything yet
  | "connecting"
  | "catching_up" // connected; what was missed is on its way
  | "live"
  | "reconnecting" // lost a moment ago
  | "offline" // without a connection for 5 s
  | "stopped"; // for good: signed out, refused, or too fast

export interface ConnectionStatus {
  state: ConnectionState;
  /** When this state began, in milliseconds of the local clock. */
  since: number;
  /** When the next attempt is due. */
  retryAt?: number | undefined;
  /** The close code that ended the last connection, and why in words. */
  code?: number | undefined;
  reason?: string | undefined;
  user_id?: string | undefined;
  organization_id?: string | undefined;
  role?: string | undefined;
  /** The server's clock minus ours, in milliseconds. */
  clockOffset: number;
}

export interface SocketOwner {
  url(): string;
  /** What to say in `authenticate`; asked anew for each connection and each refresh. */
  credentials(): Authenticate | Promise<Authenticate>;
  /** Signed in for the first time on this connection. */
  onReady(): void;
  onMessage(message: Message): void;
  onLost(): void;
}

const FIRST_DELAY = 500;
const LONGEST_DELAY = 15_000;
const SETTLED_AFTER = 5_000; // a connection that lasted less does not make the next delay short again
const OFFLINE_AFTER = 5_000;
const WELCOME_WITHIN = 10_000;
const CLOSE_WITHIN = 100; // of an error; Node.js says none where no connection was made
const ANSWER_WITHIN = 5_000;
const QUIET_HEARTBEATS = 1.5;
const REFRESH_AT = 0.75; // of a token's life: late timers of a background tab are still in time
const REFRESH_AGAIN = 10_000;
const SIGN_IN = 4401;
const FINAL: Record<number, string> = {
  [SIGN_IN]: "Signed out: sign in again.",
  4403: "Refused: you may not see this.",
  4429: "Stopped: too many messages were sent.",
};

export class LiveSocket {
  readonly status = new Observable<ConnectionStatus>({ state: "idle", since: Date.now(), clockOffset: 0 });
  #owner: SocketOwner;
  #socket: WebSocket | undefined;
  #attempt = 0;
  #retryAfter: number | undefined; // as the server asked
  #signedIn = false;
  #expiresAt = Infinity; // milliseconds of the server's clock
  #pingedAt = 0;
  #silence = 0; // milliseconds without a word that are no cause for doubt
  #retry = new Timer();
  #away = new Timer();
  #quiet = new Timer();
  #refresh = new Timer();

  constructor(owner: SocketOwner) {
    this.#owner = owner;
  }

  get serverNow(): number {
    return Date.now() + this.status.getState().clockOffset;
  }

  connect(): void {
    const before = this.status.getState().state;
    this.#drop();
    this.#retryAfter = undefined;
    this.#become(before === "reconnecting" || before === "offline" ? before : "connecting");
    this.#countToOffline();
    const socket = (this.#socket = new WebSocket(this.#owner.url()));
    socket.onmessage = ({ data }) => this.#hear(JSON.parse(String(data)) as Message);
    socket.onclose = ({ code, reason }) => this.#closed(code, reason);
    socket.onerror = () => this.#quiet.start(CLOSE_WITHIN, () => this.#lose("No connection."));
    this.#quiet.start(WELCOME_WITHIN, () => this.#lose("The server does not answer."));
  }

  /** Does not wait for the rest of a delay; and a connection that may be dead is tried. */
  wake = (): void => {
    if (this.status.getState().state === "idle" || this.status.getState().state === "stopped") return;
    if (this.#socket?.readyState === WebSocket.OPEN) this.#probe();
    else this.connect();
  };

  /** Also out of `stopped`: somebody has signed in again. */
  reconnectNow(): void {
    this.#attempt = 0;
    this.connect();
  }

  close(): void {
    this.#drop();
    this.#away.stop();
    this.#become("idle");
  }

  get ready(): boolean {
    return this.#signedIn && this.#socket?.readyState === WebSocket.OPEN;
  }

  send<Name extends keyof Requests>(event: Name, data: Requests[Name], id?: string): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ event, data, id }));
  }

  /** The answer comes after all that was asked for before. */
  ping(id?: string): void {
    this.#pingedAt = Date.now();
    this.send("ping", {}, id);
  }

  caughtUp(): void {
    if (this.status.getState().state === "catching_up") this.#become("live");
  }

  // --- what comes ----------------------------------------------------------------------------------------------------
  #hear(message: Message): void {
    this.#away.stop();
    this.#quiet.start(this.#silence || WELCOME_WITHIN, () => this.#probe());
    this.#control(message as Answer);
    this.#owner.onMessage(message);
  }

  #control(message: Answer): void {
    if (message.event === "welcome") this.#welcomed(message.data.heartbeat_seconds);
    else if (message.event === "authenticated") this.#authenticated(message.data);
    else if (message.event === "pong") this.#setClock(Date.parse(message.data.server_time));
    else if (message.event === "reconnect") this.#retryAfter = message.data.retry_after_ms;
  }

  #welcomed(heartbeatSeconds: number): void {
    this.#silence = heartbeatSeconds * 1000 * QUIET_HEARTBEATS;
    this.#become("catching_up", { code: undefined, reason: undefined });
    void this.#authenticate((error) => this.#lose(`No credentials: ${String(error)}`));
  }

  async #authenticate(onFailure: (error: unknown) => void): Promise<void> {
    const socket = this.#socket;
    try {
      const credentials = await this.#owner.credentials();
      if (socket === this.#socket) this.send("authenticate", credentials);
    } catch (error) {
      if (socket === this.#socket) onFailure(error);
    }
  }

  #authenticated({ user_id, organization_id, role, expires_at }: Authenticated): void {
    const first = !this.#signedIn;
    this.#signedIn = true;
    this.#expiresAt = expires_at === null ? Infinity : Date.parse(expires_at);
    this.#patch({ user_id, organization_id, role });
    this.#planRefresh();
    if (first) {
      this.ping(); // a refresh needs the server's clock
      this.#owner.onReady();
    }
  }

  #planRefresh(): void {
    if (this.#expiresAt === Infinity) return this.#refresh.stop();
    this.#refresh.start(Math.max(1_000, (this.#expiresAt - this.serverNow) * REFRESH_AT), () => this.#refreshNow());
  }

  #refreshNow(): void {
    void this.#authenticate(() => this.#refresh.start(REFRESH_AGAIN, () => this.#refreshNow()));
  }

  #setClock(serverTime: number): void {
    const clockOffset = Math.round(serverTime - (this.#pingedAt + Date.now()) / 2);
    const moved = Math.abs(clockOffset - this.status.getState().clockOffset) > 1_000;
    if (!moved) return; // clocks a little apart are no news to anybody
    this.#patch({ clockOffset });
    if (this.#refresh.running) this.#planRefresh();
  }

  // --- what goes wrong -----------------------------------------------------------------------------------------------
  #probe(): void {
    this.#quiet.start(ANSWER_WITHIN, () => this.#lose("The server fell silent."));
    this.#countToOffline();
    this.ping();
  }

  #closed(code: number, reason: string): void {
    const final = FINAL[code];
    if (final !== undefined && !(code === SIGN_IN && this.#ranOut())) this.#stop(code, reason || final);
    else this.#lose(reason || undefined, code);
  }

  /** The token's time was over (a laptop slept): a new one may do. Everything else of that code is final. */
  #ranOut(): boolean {
    return this.#signedIn && this.serverNow >= this.#expiresAt - 1_000;
  }

  #stop(code: number, reason: string): void {
    this.#drop();
    this.#away.stop();
    this.#become("stopped", { code, reason });
  }

  /** Gives the connection up without waiting for its close, which over a dead network takes minutes. */
  #lose(reason: string | undefined, code?: number): void {
    const { state, since } = this.status.getState();
    if (state === "live" && Date.now() - since > SETTLED_AFTER) this.#attempt = 0;
    this.#drop();
    const delay = this.#retryAfter ?? fullJitter(this.#attempt, FIRST_DELAY, LONGEST_DELAY);
    this.#attempt += 1;
    this.#retry.start(delay, () => this.connect());
    const known = { retryAt: Date.now() + delay, reason, code };
    if (state === "offline") return this.#patch(known);
    this.#countToOffline();
    this.#become("reconnecting", known);
  }

  #countToOffline(): void {
    const counted = this.#away.running || this.status.getState().state === "offline";
    if (!counted) this.#away.start(OFFLINE_AFTER, () => this.#become("offline"));
  }

  #drop(): void {
    for (const timer of [this.#retry, this.#quiet, this.#refresh]) timer.stop();
    const socket = this.#socket;
    if (!socket) return;
    this.#socket = undefined;
    this.#signedIn = false;
    socket.onmessage = socket.onclose = socket.onerror = null;
    socket.close();
    this.#owner.onLost();
  }

  #become(state: ConnectionState, also: Partial<ConnectionStatus> = {}): void {
    const before = this.status.getState();
    const since = before.state === state ? before.since : Date.now();
    const retryAt = this.#retry.running ? before.retryAt : undefined;
    this.status.set({ ...before, retryAt, ...also, state, since });
  }

  #patch(change: Partial<ConnectionStatus>): void {
    this.status.set({ ...this.status.getState(), ...change });
  }
}
