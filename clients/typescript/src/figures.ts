// KPI, backlog, attendance: the newest figure of every scope.

import { isUpdate, type LogMessage, type Snapshot } from "./protocol/messages.js";
import { type Channel, isAsked, type Scope, scopeKey, type Selection } from "./protocol/rooms.js";
import type { Problem } from "./protocol/types.js";
import { Timer } from "./timing.js";
import { coveredBy, type Feed, View } from "./views.js";

export interface Figure extends Scope {
  timestamp: string;
  quality?: string;
  latest?: boolean;
  interval_seconds?: number | null;
}

export interface ScopeState<T> {
  latest: T;
  /** Milliseconds of the local clock. */
  receivedAt: number;
  /** The usual time between posts of its feed, as far as is known. */
  cadenceSeconds: number;
  /** True if the last change came live: not in a snapshot, and not replayed. */
  live: boolean;
}

export interface FiguresState<T> {
  /** The figure of exactly the scope that was asked for. */
  latestUpdate: T | undefined;
  /** It and all scopes inside it, by `scopeKey`. */
  byScope: ReadonlyMap<string, ScopeState<T>>;
  /** Of the scope that was asked for, oldest first, since it is watched. */
  history: readonly T[];
  /** No news for three times the cadence. */
  stale: boolean;
  /** The state has arrived; without `latestUpdate` there is none yet. */
  ready: boolean;
  problem: Problem | undefined;
}

export type FigureChannel = "kpi" | "backlog" | "attendance";

const HISTORY = 240;
const STALE_AFTER = 3; // times the cadence
const LEAST_CADENCE = 4; // seconds; two posts right after another do not make a feed stale at once
const CADENCE: Record<FigureChannel, { usual: number; least: number }> = {
  kpi: { usual: 60, least: 60 }, // computed at least once a minute, and whenever an input changes
  backlog: { usual: 900, least: LEAST_CADENCE },
  attendance: { usual: 900, least: 300 }, // people come when they come
};
const EMPTY: FiguresState<never> = {
  latestUpdate: undefined,
  byScope: new Map(),
  history: [],
  stale: false,
  ready: false,
  problem: undefined,
};

/** When a figure becomes stale, in milliseconds of the server's clock. */
const staleAt = ({ latest, cadenceSeconds }: ScopeState<Figure>): number =>
  latest.quality === "stale" ? -Infinity : Date.parse(latest.timestamp) + STALE_AFTER * cadenceSeconds * 1000;

/** `clockOffset` is that of the connection's status. */
export const isStale = (scope: ScopeState<Figure>, now = Date.now(), clockOffset = 0): boolean =>
  now + clockOffset > staleAt(scope);

export class FiguresView<T extends Figure> extends View<FiguresState<T>, T> {
  #scopes = new Map<string, ScopeState<T>>();
  #history: T[] = [];
  #ageing = new Timer(true);

  constructor(
    feed: Feed,
    readonly figures: FigureChannel,
    selection: Selection,
    private serverNow: () => number,
  ) {
    super(feed, figures satisfies Channel, selection, EMPTY);
  }

  onEvent(message: LogMessage): void {
    const figure = message.data as T;
    if (!isUpdate(message) || figure.latest === false || !this.hears(figure)) return;
    this.#put(figure, !message.replayed);
    this.changed();
    if (!message.replayed && this.#asked()?.latest === figure) this.tellLive(figure);
  }

  onSnapshot({ data }: LogMessage): void {
    const { rooms, items } = data as Snapshot<T>;
    const known = new Map(this.#scopes);
    this.drop(coveredBy(rooms));
    for (const figure of items) if (this.hears(figure)) this.#put(figure, false, known.get(scopeKey(figure)));
    this.changed();
  }

  protected override build(): FiguresState<T> {
    const asked = this.#asked();
    this.#watchAge(asked);
    return {
      latestUpdate: asked?.latest,
      byScope: new Map(this.#scopes),
      history: this.#history,
      stale: asked !== undefined && this.serverNow() > staleAt(asked),
      ready: this.ready,
      problem: this.problem,
    };
  }

  protected override clear(): void {
    this.#scopes.clear();
    this.#history = [];
    this.#ageing.stop();
  }

  protected override drop(covers: (scope: Scope) => boolean): void {
    for (const [key, { latest }] of this.#scopes) if (covers(latest)) this.#scopes.delete(key);
  }

  protected override lose(covers: (scope: Scope) => boolean): void {
    this.drop(covers);
    this.#history = this.#history.filter((figure) => !covers(figure));
  }

  #put(figure: T, live: boolean, before = this.#scopes.get(scopeKey(figure))): void {
    const cadenceSeconds = this.#cadence(figure, before);
    this.#scopes.set(scopeKey(figure), { latest: figure, receivedAt: Date.now(), cadenceSeconds, live });
    if (this.#asked()?.latest === figure) this.#note(figure);
  }

  /** A correction, and a snapshot of what is known, replace the last. */
  #note(figure: T): void {
    const before = this.#history.filter(({ timestamp }) => timestamp !== figure.timestamp);
    this.#history = [...before.slice(1 - HISTORY), figure];
  }

  /** As the feed says, else as it was seen, smoothed. */
  #cadence({ timestamp, interval_seconds }: T, before: ScopeState<T> | undefined): number {
    const { usual, least } = CADENCE[this.figures];
    if (interval_seconds) return Math.max(least, interval_seconds);
    if (!before) return usual;
    const seen = (Date.parse(timestamp) - Date.parse(before.latest.timestamp)) / 1000;
    return seen > 0 ? Math.max(least, (seen + before.cadenceSeconds) / 2) : before.cadenceSeconds;
  }

  /** A queue that was asked for without its department may be several: it is the first of them, always the same. */
  #asked(): ScopeState<T> | undefined {
    const { queue_name, department_id } = this.selection;
    if (!queue_name || department_id) return this.#scopes.get(scopeKey(this.selection));
    const keys = [...this.#scopes].filter(([, { latest }]) => isAsked(this.selection, latest)).map(([key]) => key);
    return this.#scopes.get(keys.sort()[0] ?? "");
  }

  #watchAge(asked: ScopeState<T> | undefined): void {
    const left = asked ? staleAt(asked) - this.serverNow() : -1;
    if (left >= 0) this.#ageing.start(left + 1, this.changed);
    else this.#ageing.stop();
  }
}
