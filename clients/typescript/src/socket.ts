// One WebSocket that stays: signs in, comes back by itself, knows when it is not heard, and says how it stands.

import { ServerClock } from "./clock.js";
import { SignedOutError, type WebSocketClass } from "./config.js";
import { hintAt, type Log, withoutSecrets } from "./debug.js";
import { Observable } from "./observable.js";
import { Outbox } from "./outbox.js";
import type { Answer, Message } from "./protocol/messages.js";
import type { Authenticated, Requests } from "./protocol/types.js";
import { SignIn, type SignInOwner } from "./sign-in.js";
import type { ConnectionState, ConnectionStatus } from "./status.js";
import { elapsed, fullJitter, Timer } from "./timing.js";

export interface SocketOwner extends SignInOwner {
  url(): string;
  webSocket(): WebSocketClass;
  log(): Log;
  /** `first`: on this connection. `other`: as another user than before. */
  onSignedIn(how: { first: boolean; other: boolean }): void;
  /** The credentials are now another user's, which this connection cannot become. */
  onOtherUser(): void;
  onMessage(message: Message): void;
  onLost(): void;
  /** The server's time is another one than was thought. */
  onTime(): void;
}

interface Sent {
  event: keyof Requests;
  data: unknown;
  id: string | undefined;
}

const FIRST_DELAY = 500;
const LONGEST_DELAY = 15_000;
const SETTLED_AFTER = 5_000; // a connection that lasted less does not make the next delay short again
const OFFLINE_AFTER = 5_000;
const WELCOME_WITHIN = 10_000;
const CLOSE_WITHIN = 100; // of an error; Node.js says none where no connection was made
const ANSWER_WITHIN = 5_000;
const QUIET_HEARTBEATS = 1.5;
const CLOCK_APART = 1_000;
const OPEN = 1; // of WebSocket, which is not everywhere a global
const SIGN_IN = 4401;
const TOO_FAST = 4429;
const FINAL: Record<number, string> = {
  [SIGN_IN]: "Signed out: sign in again.",
  4403: "Refused: you may not see this.",
  4413: "Stopped: a message was larger than the server takes.",
};
const nothing = (): void => undefined;

export class LiveSocket {
  readonly status = new Observable<ConnectionStatus>({ state: "idle", since: Date.now(), clockOffset: 0 });
  #owner: SocketOwner;
  #socket: WebSocket | undefined;
  #clock = new ServerClock();
  #signIn: SignIn;
  #outbox = new Outbox<Sent>((message) => this.#write(message));
  #attempt = 0;
  #retryAfter: number | undefined; // as the server asked
  #liveAt: number | undefined; // by `elapsed`
  #silence = 0; // milliseconds without a word that are no cause for doubt
  #probing = false;
  #hinted = false;
  #retry = new Timer();
  #away = new Timer();
  #quiet = new Timer();

  constructor(owner: SocketOwner) {
    this.#owner = owner;
    this.#signIn = new SignIn(owner, {
      send: (data, id) => this.send("authenticate", data, id),
      serverNow: () => this.serverNow,
    });
  }

  get serverNow(): number {
    return this.#clock.now;
  }

  connect(): void {
    const Socket = this.#owner.webSocket();
    const before = this.status.getState().state;
    this.#drop();
    this.#retryAfter = undefined;
    this.#become(before === "reconnecting" || before === "offline" ? before : "connecting");
    this.#countToOffline();
    const socket = (this.#socket = new Socket(this.#owner.url()) as WebSocket);
    socket.onmessage = ({ data }) => this.#hear(JSON.parse(String(data)) as Message);
    socket.onclose = ({ code, reason }) => this.#closed(code, reason);
    socket.onerror = () => this.#quiet.start(CLOSE_WITHIN, () => this.#lose("No connection."));
    this.#quiet.start(WELCOME_WITHIN, () => this.#lose("The server does not answer."));
  }

  /** Does not wait for the rest of a delay; and a connection that may be dead is tried. */
  wake = (): void => {
    if (this.status.getState().state === "idle" || this.status.getState().state === "stopped") return;
    if (this.#socket?.readyState === OPEN) this.#probe();
    else this.connect();
  };

  /** Also out of `stopped`: somebody has signed in again. */
  reconnectNow(): void {
    this.#attempt = 0;
    this.#signIn.settled();
    this.connect();
  }

  close(): void {
    this.#drop();
    this.#away.stop();
    this.#become("idle");
  }

  get ready(): boolean {
    return this.#signIn.signedIn && this.#socket?.readyState === OPEN;
  }

  send<Name extends keyof Requests>(event: Name, data: Requests[Name], id?: string): void {
    if (this.#socket?.readyState === OPEN) this.#outbox.send({ event, data, id });
  }

  /** The answer comes after all that was asked for before. */
  ping(id?: string): void {
    this.send("ping", {}, id);
  }

  caughtUp(): void {
    if (this.status.getState().state !== "catching_up") return;
    this.#liveAt = elapsed();
    this.#become("live");
  }

  #write(message: Sent): void {
    if (message.event === "ping") this.#clock.asked();
    this.#owner.log()("sent", withoutSecrets(message));
    this.#socket?.send(JSON.stringify(message));
  }

  // --- what comes ----------------------------------------------------------------------------------------------------
  #hear(message: Message): void {
    this.#owner.log()("heard", message);
    this.#away.stop();
    this.#probing = false;
    this.#quiet.start(this.#silence || WELCOME_WITHIN, () => this.#probe());
    this.#control(message as Answer);
    this.#tellClock();
    this.#owner.onMessage(message);
  }

  #control(message: Answer): void {
    if (message.event === "welcome") this.#welcomed(message.data.heartbeat_seconds);
    else if (message.event === "authenticated" && this.#signIn.isOurs(message.id)) this.#authenticated(message.data);
    else if (message.event === "error" && this.#signIn.isRefusal(message.id)) this.#refused(message.data.code);
    else if (message.event === "pong") this.#measure(Date.parse(message.data.server_time));
    else if (message.event === "reconnect") this.#retryAfter = message.data.retry_after_ms;
  }

  #welcomed(heartbeatSeconds: number): void {
    this.#silence = heartbeatSeconds * 1000 * QUIET_HEARTBEATS;
    this.#hinted = true; // it can be reached
    this.#become("catching_up", { code: undefined, reason: undefined });
    const socket = this.#socket;
    this.#signIn.begin().catch((error: unknown) => socket === this.#socket && this.#noCredentials(error));
  }

  #noCredentials(error: unknown): void {
    if (error instanceof SignedOutError) this.#stop(SIGN_IN, error.message || FINAL[SIGN_IN]);
    else this.#lose(`No credentials: ${String(error)}`);
  }

  #authenticated(who: Authenticated): void {
    const { user_id, organization_id, role } = who;
    const before = this.status.getState();
    const known = before.user_id !== undefined;
    const other = known && (before.user_id !== user_id || before.organization_id !== organization_id);
    const first = this.#signIn.accept(who);
    this.#patch({ user_id, organization_id, role });
    if (first) this.ping(); // a refresh needs the server's clock
    this.#owner.onSignedIn({ first, other });
  }

  /** Of new credentials on a connection whose old ones hold. Where there are none, the server closes. */
  #refused(code: string): void {
    if (code === "other_user") this.#owner.onOtherUser();
    else this.#signIn.tryAgain();
  }

  #measure(serverTime: number): void {
    if (!this.#clock.answered(serverTime)) return;
    this.#signIn.planRefresh();
    this.#owner.onTime();
  }

  /** Somebody has set the clock, or the machine slept: the next answer says what time it is. */
  #tellClock(): void {
    const clockOffset = this.#clock.offset;
    if (Math.abs(clockOffset - this.status.getState().clockOffset) > CLOCK_APART) this.#patch({ clockOffset });
    if (this.#clock.isDoubtful) this.ping();
  }

  // --- what goes wrong -----------------------------------------------------------------------------------------------
  #probe(): void {
    if (this.#probing) return;
    this.#probing = true;
    this.#quiet.start(ANSWER_WITHIN, () => this.#lose("The server fell silent."));
    this.#countToOffline();
    this.ping();
  }

  #closed(code: number, reason: string): void {
    this.#settle();
    const final = FINAL[code];
    const again = code === SIGN_IN && this.#signIn.mayRetry();
    if (final === undefined || again) this.#lose(reason || undefined, code);
    else this.#stop(code, this.#owner.renewable && code === SIGN_IN ? refusedTokens(reason) : reason || final);
  }

  #stop(code: number, reason: string | undefined): void {
    this.#drop();
    this.#away.stop();
    this.#become("stopped", { code, reason });
  }

  /** Gives the connection up without waiting for its close, which over a dead network takes minutes. */
  #lose(reason: string | undefined, code?: number): void {
    this.#settle();
    this.#hint();
    this.#drop();
    const delay = this.#delay(code);
    this.#attempt += 1;
    this.#retry.start(delay, () => this.connect());
    const known = { retryAt: Date.now() + delay, reason, code };
    if (this.status.getState().state === "offline") return this.#patch(known);
    this.#countToOffline();
    this.#become("reconnecting", known);
  }

  /** A server that finds us too fast is left alone for longer. */
  #delay(code: number | undefined): number {
    if (code === TOO_FAST) return LONGEST_DELAY / 2 + fullJitter(0, LONGEST_DELAY / 2, LONGEST_DELAY);
    return this.#retryAfter ?? fullJitter(this.#attempt, FIRST_DELAY, LONGEST_DELAY);
  }

  #settle(): void {
    const lasted = this.#liveAt !== undefined && elapsed() - this.#liveAt > SETTLED_AFTER;
    this.#liveAt = undefined;
    if (!lasted) return;
    this.#attempt = 0;
    this.#signIn.settled();
  }

  #hint(): void {
    if (!this.#hinted) console.warn(hintAt(this.#owner.url()));
    this.#hinted = true;
  }

  #countToOffline(): void {
    const counted = this.#away.running || this.status.getState().state === "offline";
    if (!counted) this.#away.start(OFFLINE_AFTER, () => this.#become("offline"));
  }

  #drop(): void {
    for (const timer of [this.#retry, this.#quiet]) timer.stop();
    const socket = this.#socket;
    if (!socket) return;
    this.#socket = undefined;
    this.#probing = false;
    this.#signIn.drop();
    this.#outbox.clear();
    socket.onmessage = socket.onclose = null;
    socket.onerror = nothing; // one that is closed before it was open fails, and Node.js ends where nobody listens
    socket.close();
    this.#owner.onLost();
  }

  #become(state: ConnectionState, also: Partial<ConnectionStatus> = {}): void {
    const before = this.status.getState();
    const since = before.state === state ? before.since : Date.now();
    const retryAt = this.#retry.running ? before.retryAt : undefined;
    this.#owner.log()(state, also.reason ?? "");
    this.status.set({ ...before, retryAt, ...also, state, since });
  }

  #patch(change: Partial<ConnectionStatus>): void {
    this.status.set({ ...this.status.getState(), ...change });
  }
}

const refusedTokens = (reason: string): string =>
  `The server refuses the tokens that getToken answers${reason && `: ${reason}`}`;
