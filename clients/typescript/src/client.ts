// The socket, the subscriptions and the views of one server, tied together. No React here.

import { AlertsView } from "./alerts.js";
import { type ClientOptions, credentials, socketUrl } from "./config.js";
import { type FigureChannel, FiguresView } from "./figures.js";
import type { AttendanceUpdate, BacklogUpdate, KPIUpdate, LiveEvent, LogMessage } from "./protocol/messages.js";
import { callAll, type Readable } from "./observable.js";
import { type Channel, hears, roomOf, type Scope, type Selection, selectionKey, streamOf } from "./protocol/rooms.js";
import { type ConnectionStatus, LiveSocket } from "./socket.js";
import { type Problem, type Sink, Subscriptions } from "./subscriptions.js";
import type { Feed, Listener } from "./views.js";

export interface FigureOf {
  kpi: KPIUpdate;
  backlog: BacklogUpdate;
  attendance: AttendanceUpdate;
}

export class RealtimeClient implements Feed, Sink {
  readonly status: Readable<ConnectionStatus>;
  #options: ClientOptions;
  #socket: LiveSocket;
  #subscriptions: Subscriptions;
  #listeners = new Map<string, Set<Listener>>(); // by stream
  #sleep: (() => void) | undefined;
  #views = new Map<string, unknown>();

  constructor(options: ClientOptions = {}) {
    this.#options = options;
    this.#socket = new LiveSocket({
      url: () => socketUrl(this.#options),
      credentials: () => credentials(this.#options, this.#organization()),
      onReady: () => this.#subscriptions.onReady(),
      onMessage: (message) => this.#subscriptions.onMessage(message),
      onLost: () => this.#subscriptions.onLost(),
    });
    this.status = this.#socket.status;
    this.#subscriptions = new Subscriptions(this.#socket, this, () => ({
      delta: this.#options.delta,
      batch_ms: this.#options.batchMilliseconds,
    }));
  }

  /** Another server or another user. What is on screen goes on, with what they may see. */
  configure(options: ClientOptions): void {
    this.#options = options;
    if (this.status.getState().state === "idle") return;
    this.#subscriptions.forget();
    this.#socket.reconnectNow();
  }

  /** Without waiting for the next attempt; also after `stopped`, when somebody has signed in again. */
  reconnectNow = (): void => this.#socket.reconnectNow();

  /** Ends the connection; whoever listens next opens it again. */
  close(): void {
    this.#sleep?.();
    this.#sleep = undefined;
    this.#socket.close();
  }

  /** The newest figure of a scope and of all scopes inside it; the same view for the same selection. */
  figures<C extends FigureChannel>(channel: C, selection: Selection): FiguresView<FigureOf[C]> {
    return this.#view(selectionKey(channel, selection), () => {
      return new FiguresView<FigureOf[C]>(this, channel, selection, () => this.#socket.serverNow);
    });
  }

  alerts(selection: Selection): AlertsView {
    return this.#view(selectionKey("alerts", selection), () => new AlertsView(this, selection));
  }

  /** Every live event of a channel: also check-ins, acknowledgements, notifications and custom events. */
  listen(channel: Channel, selection: Selection, listener: (message: LiveEvent) => void): () => void {
    const ignore = (): void => undefined;
    const onEvent = (message: LogMessage): void => {
      const heard = hears(selection, message.data as Scope);
      if (heard && !message.replayed) callAll([listener], message as LiveEvent);
    };
    return this.attach({ channel, selection, stateful: false, onEvent, onSnapshot: ignore, onRefused: ignore });
  }

  attach(listener: Listener): () => void {
    const stream = streamOf(listener.channel, listener.selection.organization_id);
    const listeners = this.#listeners.get(stream) ?? new Set();
    this.#listeners.set(stream, listeners.add(listener));
    const leave = this.#subscriptions.want(roomOf(listener.channel, listener.selection), { state: listener.stateful });
    if (this.status.getState().state === "idle") this.#open();
    return () => {
      listeners.delete(listener);
      leave();
    };
  }

  #open(): void {
    this.#sleep = wakeWithPage(this.#socket.wake);
    this.#socket.connect();
  }

  onEvent(message: LogMessage): void {
    callAll(
      this.#at(message.stream, (listener) => listener.onEvent(message)),
      undefined,
    );
  }

  onSnapshot(message: LogMessage): void {
    callAll(
      this.#at(message.stream, (listener) => listener.onSnapshot(message)),
      undefined,
    );
  }

  onRefused(room: string, problem: Problem): void {
    for (const listener of [...this.#listeners.values()].flatMap((each) => [...each])) {
      if (roomOf(listener.channel, listener.selection) === room) listener.onRefused(problem);
    }
  }

  #at(stream: string, call: (listener: Listener) => void): (() => void)[] {
    return [...(this.#listeners.get(stream) ?? [])].map((listener) => () => call(listener));
  }

  #view<V>(key: string, make: () => V): V {
    if (!this.#views.has(key)) this.#views.set(key, make());
    return this.#views.get(key) as V;
  }

  /** Of whoever listened first: for a session, which may be a member of several. */
  #organization(): string | undefined {
    for (const listeners of this.#listeners.values())
      for (const { selection } of listeners) return selection.organization_id;
    return undefined;
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

export const createClient = (options?: ClientOptions): RealtimeClient => new RealtimeClient(options);

let shared: RealtimeClient | undefined;

/** The one client of this page: one socket, whatever the number of hooks. */
export const defaultClient = (): RealtimeClient => (shared ??= createClient());

/** For pages on another origin, or with tokens. Our own pages need no call. */
export const configureIntraday = (options: ClientOptions): void => defaultClient().configure(options);
