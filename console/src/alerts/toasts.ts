// One toast per group within half a minute, with a count: a storm of alerts is one notice. No React here.

import type { Alert } from "../session/payloads.js";

export interface Toast {
  id: string;
  group: string;
  /** The newest alert of the group. */
  alert: Alert;
  count: number;
  shownAt: number;
  updatedAt: number;
}

export const GROUPED_FOR_MS = 30_000;
export const SHOWN_FOR_MS = 12_000;
export const MOST_TOASTS = 4;

/** The toasts after this alert. Suppressed ones and those that wait for nobody raise none. */
export function withAlert(toasts: readonly Toast[], alert: Alert, now: number): readonly Toast[] {
  if (alert.status !== "pending" || alert.suppressed) return toasts;
  const group = toasts.find((toast) => toast.group === alert.group_key && now - toast.shownAt < GROUPED_FOR_MS);
  if (!group) {
    const fresh = { id: alert.alert_id, group: alert.group_key, alert, count: 1, shownAt: now, updatedAt: now };
    return [fresh, ...toasts.filter((toast) => toast.id !== fresh.id)].slice(0, MOST_TOASTS);
  }
  if (group.alert.alert_id === alert.alert_id) return replaced(toasts, group, { alert });
  return replaced(toasts, group, { alert, count: group.count + 1, updatedAt: now });
}

const replaced = (toasts: readonly Toast[], old: Toast, change: Partial<Toast>): readonly Toast[] =>
  toasts.map((toast) => (toast === old ? { ...old, ...change } : toast));

/** Without those that were seen long enough, or whose alert somebody has taken. */
export function stillShown(toasts: readonly Toast[], taken: ReadonlySet<string>, now: number): readonly Toast[] {
  const left = toasts.filter((toast) => now - toast.updatedAt < SHOWN_FOR_MS && !taken.has(toast.alert.alert_id));
  return left.length === toasts.length ? toasts : left;
}
