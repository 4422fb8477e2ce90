import type { Alert, LogMessage, Snapshot } from "./protocol/messages.js";
import type { Scope, Selection } from "./protocol/rooms.js";
import type { Problem } from "./protocol/types.js";
import { coveredBy, type Feed, View } from "./views.js";

export interface AlertsState {
  /** The last one that was triggered, as it stands now. */
  latestAlert: Alert | undefined;
  /** The number of alerts triggered since the count was last cleared, also while we were away. */
  alertCount: number;
  /** Pending and acknowledged ones: worst first, then newest first. */
  openAlerts: readonly Alert[];
  ready: boolean;
  problem: Problem | undefined;
}

const EMPTY: AlertsState = { latestAlert: undefined, alertCount: 0, openAlerts: [], ready: false, problem: undefined };
const VERSIONS_KEPT = 2_000;
const SEVERITIES = ["low", "medium", "high", "critical"];

const worstFirst = (one: Alert, other: Alert): number =>
  SEVERITIES.indexOf(other.severity) - SEVERITIES.indexOf(one.severity) ||
  Date.parse(other.triggered_at) - Date.parse(one.triggered_at);

export class AlertsView extends View<AlertsState, Alert> {
  #open = new Map<string, Alert>();
  #versions = new Map<string, number>(); // also of resolved ones: what is sent again must not open them
  #latest: Alert | undefined;
  #count = 0;

  constructor(feed: Feed, selection: Selection) {
    super(feed, "alerts", selection, EMPTY);
  }

  clearCount = (): void => {
    this.#count = 0;
    this.changed();
  };

  onEvent({ event, data, replayed }: LogMessage): void {
    const alert = data as Alert;
    if (!event.startsWith("alert:") || !this.hears(alert) || !this.#put(alert)) return;
    const news = event === "alert:triggered" && !alert.suppressed;
    if (news) this.#announce(alert);
    this.changed();
    if (news && !replayed) this.tellLive(alert);
  }

  onSnapshot({ data }: LogMessage): void {
    const { rooms, items } = data as Snapshot<Alert>;
    const known = new Map(this.#open);
    this.drop(coveredBy(rooms));
    for (const alert of items) if (this.hears(alert)) this.#restore(alert, known.get(alert.alert_id));
    this.changed();
  }

  protected override build(): AlertsState {
    return {
      latestAlert: this.#latest,
      alertCount: this.#count,
      openAlerts: [...this.#open.values()].sort(worstFirst),
      ready: this.ready,
      problem: this.problem,
    };
  }

  protected override clear(): void {
    this.#open.clear();
    this.#versions.clear();
    this.#latest = undefined;
    this.#count = 0;
  }

  protected override drop(covers: (scope: Scope) => boolean): void {
    for (const [id, alert] of this.#open) if (covers(alert)) this.#open.delete(id);
  }

  protected override lose(covers: (scope: Scope) => boolean): void {
    this.drop(covers);
    if (this.#latest && covers(this.#latest)) this.#latest = undefined;
  }

  /** False for a version that is older than what is known. */
  #put(alert: Alert): boolean {
    if ((this.#versions.get(alert.alert_id) ?? 0) > alert.version) return false;
    this.#versions.set(alert.alert_id, alert.version);
    if (this.#versions.size > VERSIONS_KEPT) this.#versions = new Map([...this.#versions].slice(VERSIONS_KEPT / 2));
    if (alert.status === "resolved") this.#open.delete(alert.alert_id);
    else this.#open.set(alert.alert_id, alert);
    if (this.#latest?.alert_id === alert.alert_id) this.#latest = alert;
    return true;
  }

  /** Of a snapshot that came instead of missed events, what we did not know was triggered meanwhile. */
  #restore(alert: Alert, known: Alert | undefined): void {
    this.#put(alert);
    if (this.ready && !known && alert.status === "pending" && !alert.suppressed) this.#announce(alert);
  }

  #announce(alert: Alert): void {
    this.#latest = alert;
    this.#count += 1;
  }
}
