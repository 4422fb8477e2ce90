// The socket, the subscriptions and the views of one server, tied together. No React here.

import { AlertsView } from "./alerts.js";
import { type ClientOptions, credentials, socketUrl, webSocketClass } from "./config.js";
import { debugLog, type Log } from "./debug.js";
import type { LiveEvent } from "./events.js";
import { type FigureChannel, FiguresView } from "./figures.js";
import type { Sink } from "./link.js";
import type { AttendanceUpdate, BacklogUpdate, KPIUpdate, LogMessage } from "./protocol/messages.js";
import { callAll, type Readable } from "./observable.js";
import {
  type Channel,
  hears,
  normalized,
  roomOf,
  type Scope,
  type Selection,
  selectionKey,
  streamOf,
} from "./protocol/rooms.js";
import type { Problem } from "./protocol/types.js";
import { Shelf } from "./shelf.js";
import { LiveSocket } from "./socket.js";
import type { ConnectionStatus } from "./status.js";
import { Subscriptions } from "./subscriptions.js";
import type { Feed, Listener } from "./views.js";

export interface FigureOf {
  kpi: KPIUpdate;
  backlog: BacklogUpdate;
  attendance: AttendanceUpdate;
}

const ignore = (): void => undefined;

export class RealtimeClient implements Feed, Sink {
  readonly status: Readable<ConnectionStatus>;
  #options: ClientOptions;
  #log: Log;
  #socket: LiveSocket;
  #subscriptions: Subscriptions;
  #listeners = new Map<string, Set<Listener>>(); // by stream
  #sleep: (() => void) | undefined;
  #views = new Shelf();

  constructor(options: ClientOptions = {}) {
    this.#options = options;
    this.#log = debugLog(options.debug);
    this.#socket = this.#newSocket();
    this.status = this.#socket.status;
    this.#subscriptions = new Subscriptions(this.#socket, this, () => ({
      delta: this.#options.delta,
      batch_ms: this.#options.batchMilliseconds,
    }));
  }

  /** Another server or another user. What is on screen goes on, with what they may see. */
  configure(options: ClientOptions): void {
    this.#options = options;
    this.#log = debugLog(options.debug);
    if (this.status.getState().state === "idle") return;
    this.#startAnew();
  }

  /** Without waiting for the next attempt; also after `stopped`, when somebody has signed in again. */
  reconnectNow = (): void => this.#socket.reconnectNow();

  /** Ends the connection; the next listener opens it again. */
  close(): void {
    this.#sleep?.();
    this.#sleep = undefined;
    this.#socket.close();
  }

  /** The newest figure of a scope and of all scopes inside it; the same view for the same selection. */
  figures<C extends FigureChannel>(channel: C, selection: Selection): FiguresView<FigureOf[C]> {
    const asked = normalized(selection);
    return this.#views.of(selectionKey(channel, asked), () => {
      return new FiguresView<FigureOf[C]>(this, channel, asked, () => this.#socket.serverNow);
    });
  }

  alerts(selection: Selection): AlertsView {
    const asked = normalized(selection);
    return this.#views.of(selectionKey("alerts", asked), () => new AlertsView(this, asked));
  }

  /**
   * Every live event of a channel: also check-ins, acknowledgements, notifications and custom events. `onProblem` is
   * told where the server refuses.
   */
  listen<C extends Channel>(
    channel: C,
    selection: Selection,
    listener: (message: LiveEvent<C>) => void,
    onProblem: (problem: Problem) => void = ignore,
  ): () => void {
    const asked = normalized(selection);
    const onEvent = (message: LogMessage): void => {
      const heard = hears(asked, message.data as Scope);
      if (heard && !message.replayed) callAll([listener], message as LiveEvent<C>);
    };
    const rest = { onSnapshot: ignore, onReady: ignore, onRefused: onProblem, onNarrowed: ignore, onTime: ignore };
    return this.attach({ channel, selection: asked, room: roomOf(channel, asked), stateful: false, onEvent, ...rest });
  }

  attach(listener: Listener): () => void {
    const stream = streamOf(listener.channel, listener.selection.organization_id);
    const listeners = this.#listeners.get(stream) ?? new Set();
    this.#listeners.set(stream, listeners.add(listener));
    const leave = this.#subscriptions.want(listener.room, { state: listener.stateful });
    if (this.status.getState().state === "idle") this.#open();
    return () => {
      listeners.delete(listener);
      if (!listeners.size && this.#listeners.get(stream) === listeners) this.#listeners.delete(stream);
      leave();
    };
  }

  #open(): void {
    this.#sleep = wakeWithPage(this.#socket.wake);
    this.#socket.connect();
  }

  onEvent(message: LogMessage): void {
    this.#tell(message.stream, (listener) => listener.onEvent(message));
  }

  onSnapshot(message: LogMessage): void {
    this.#tell(message.stream, (listener) => listener.onSnapshot(message));
  }

  onReady(room: string): void {
    for (const listener of this.#in(room)) listener.onReady();
  }

  onRefused(room: string, problem: Problem): void {
    for (const listener of this.#in(room)) listener.onRefused(problem);
  }

  onNarrowed(room: string, lost: string[]): void {
    for (const listener of this.#in(room)) listener.onNarrowed(lost);
  }

  /** A refused one hears nothing, not even what the rooms of others bring into its stream. */
  #tell(stream: string, call: (listener: Listener) => void): void {
    const all = [...(this.#listeners.get(stream) ?? [])];
    const heard = all.filter(({ room }) => !this.#subscriptions.isRefused(room));
    callAll(
      heard.map((listener) => () => call(listener)),
      undefined,
    );
  }

  #in(room: string): Listener[] {
    return this.#all().filter((listener) => listener.room === room);
  }

  #all(): Listener[] {
    return [...this.#listeners.values()].flatMap((each) => [...each]);
  }

  #newSocket(): LiveSocket {
    const options = (): ClientOptions => this.#options;
    return new LiveSocket({
      get renewable(): boolean {
        return options().getToken !== undefined;
      },
      url: () => socketUrl(options()),
      webSocket: () => webSocketClass(options()),
      credentials: () => credentials(options(), this.#all()[0]?.selection.organization_id),
      log: () => this.#log,
      onSignedIn: (how) => this.#signedIn(how),
      onOtherUser: () => this.#startAnew(),
      onMessage: (message) => this.#subscriptions.onMessage(message),
      onLost: () => this.#subscriptions.onLost(),
      onTime: () => this.#all().forEach((listener) => listener.onTime()),
    });
  }

  #signedIn({ first, other }: { first: boolean; other: boolean }): void {
    if (other) this.#subscriptions.forget();
    if (first || other) this.#subscriptions.onReady();
    else this.#subscriptions.onRenewed();
  }

  #startAnew(): void {
    this.#subscriptions.forget();
    this.#socket.reconnectNow();
  }
}

/** A page that becomes visible, comes back from the cache or gets its network again does not wait for timers. */
function wakeWithPage(wake: () => void): () => void {
  if (typeof window === "undefined") return () => undefined;
  const gone = new AbortController();
  const { signal } = gone;
  for (const name of ["online", "offline", "pageshow"]) window.addEventListener(name, wake, { signal });
  document.addEventListener("visibilitychange", () => document.hidden || wake(), { signal });
  return () => gone.abort();
}

/** A client of its own: its own socket, its own views. Nothing is shared with others, nor with the default one. */
export const createIntraday = (options?: ClientOptions): RealtimeClient => new RealtimeClient(options);

/** The same, by its older name. */
export const createClient = createIntraday;

let shared: RealtimeClient | undefined;

/** The one client of this page: one socket, whatever the number of hooks. */
export const defaultClient = (): RealtimeClient => (shared ??= createIntraday());

/** For pages on another origin, or with tokens. Our own pages need no call. */
export const configureIntraday = (options: ClientOptions): void => defaultClient().configure(options);
