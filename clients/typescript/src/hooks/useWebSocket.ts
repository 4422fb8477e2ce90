// React hooks over one client: that of the provider above, else the page's. Each is a `useSyncExternalStore` over a view;
// the socket knows no React.

import {
  createContext,
  createElement,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useSyncExternalStore,
} from "react";
import type { AlertsState } from "../alerts.js";
import { defaultClient, type FigureOf, type RealtimeClient } from "../client.js";
import type { LiveEvent } from "../events.js";
import type { FigureChannel, FiguresState } from "../figures.js";
import type { Alert, AttendanceUpdate, BacklogUpdate, KPIUpdate } from "../protocol/messages.js";
import type { Readable } from "../observable.js";
import { type Channel, type Selection, selectionKey } from "../protocol/rooms.js";
import type { ConnectionStatus } from "../status.js";

export { configureIntraday, createIntraday } from "../client.js";
export { SignedOutError } from "../config.js";
export { isStale, type ScopeState } from "../figures.js";
export { scopeKey, type Selection } from "../protocol/rooms.js";
export type { Alert, AttendanceUpdate, BacklogUpdate, ConnectionStatus, KPIUpdate, LiveEvent };

type Callback<T> = ((payload: T) => void) | null | undefined;

export type Figures<T> = FiguresState<T> & { status: ConnectionStatus };
export type AlertNotifications = AlertsState & { clearAlertCount: () => void; status: ConnectionStatus };

const ClientContext = createContext<RealtimeClient | null>(null);

/** The hooks below it use this client in place of the page's. */
export const IntradayProvider = ({ client, children }: { client: RealtimeClient; children?: ReactNode }): ReactNode =>
  createElement(ClientContext.Provider, { value: client }, children);

/** The client that the hooks use here. */
export const useIntraday = (): RealtimeClient => useContext(ClientContext) ?? defaultClient();

/** `callback` hears each live KPI update of exactly the selected scope. */
export const useKPIUpdates = (callback: Callback<KPIUpdate>, selection: Selection): Figures<KPIUpdate> =>
  useFigures("kpi", callback, selection);

export const useBacklogUpdates = (callback: Callback<BacklogUpdate>, selection: Selection): Figures<BacklogUpdate> =>
  useFigures("backlog", callback, selection);

export const useAttendanceUpdates = (
  callback: Callback<AttendanceUpdate>,
  selection: Selection,
): Figures<AttendanceUpdate> => useFigures("attendance", callback, selection);

/** `callback` hears each alert when it is triggered, while we look: a place for toasts. */
export function useAlertNotifications(callback: Callback<Alert>, selection: Selection): AlertNotifications {
  const view = useSelected("alerts", selection, (client, asked) => client.alerts(asked));
  const state = useReadable(view);
  const status = useConnectionStatus();
  useLive(view.onLive, callback);
  return useMemo(() => ({ ...state, status, clearAlertCount: view.clearCount }), [state, status, view]);
}

/** Every live event of a channel, as it came: check-ins, acknowledgements, notifications, custom events. */
export function useRealtimeEvents<C extends Channel>(
  channel: C,
  callback: Callback<LiveEvent<C>>,
  selection: Selection,
): void {
  const listen = useSelected(channel, selection, (client, asked) => (heard: (message: LiveEvent<C>) => void) => {
    return client.listen(channel, asked, heard);
  });
  useLive(listen, callback);
}

export const useConnectionStatus = (): ConnectionStatus => useReadable(useIntraday().status);

/** The page's own client tries again now, without waiting; also after `stopped`. `useIntraday()` has another one's. */
export const reconnectNow = (): void => defaultClient().reconnectNow();

function useFigures<C extends FigureChannel>(
  channel: C,
  callback: Callback<FigureOf[C]>,
  selection: Selection,
): Figures<FigureOf[C]> {
  const view = useSelected(channel, selection, (client, asked) => client.figures(channel, asked));
  const state = useReadable(view);
  const status = useConnectionStatus();
  useLive(view.onLive, callback);
  return useMemo(() => ({ ...state, status }), [state, status]);
}

const useReadable = <T>(readable: Readable<T>): T =>
  useSyncExternalStore(readable.subscribe, readable.getState, readable.getState);

/** Made once per client and selection, which is compared by value: an object literal in a render is no change. */
function useSelected<T>(
  channel: Channel,
  selection: Selection,
  make: (client: RealtimeClient, selection: Selection) => T,
): T {
  const client = useIntraday();
  const key = selectionKey(channel, selection);
  // eslint-disable-next-line react-hooks/exhaustive-deps -- `key` says all that `selection` and `make` differ in
  return useMemo(() => make(client, selection), [client, key]);
}

/** The callback of the last render is called; a new one subscribes nothing anew. */
function useLive<T>(subscribe: (listener: (payload: T) => void) => () => void, callback: Callback<T>): void {
  const latest = useRef(callback);
  useEffect(() => {
    latest.current = callback;
  });
  const call = useCallback((payload: T) => latest.current?.(payload), []);
  useEffect(() => subscribe(call), [subscribe, call]);
}
