export { type AlertsState, AlertsView } from "./alerts.js";
export {
  configureIntraday,
  createClient,
  createIntraday,
  defaultClient,
  type FigureOf,
  RealtimeClient,
} from "./client.js";
export {
  type ClientOptions,
  type PageConfig,
  pageConfig,
  SignedOutError,
  type Token,
  type WebSocketClass,
} from "./config.js";
export {
  type Figure,
  type FigureChannel,
  type FiguresState,
  FiguresView,
  isStale,
  type ScopeState,
} from "./figures.js";
export type { Alert, AttendanceUpdate, BacklogUpdate, KPIUpdate, LogMessage, Snapshot } from "./protocol/messages.js";
export type { Readable } from "./observable.js";
export { type Channel, type Scope, scopeKey, type Selection } from "./protocol/rooms.js";
export type { ConnectionState, ConnectionStatus } from "./status.js";
export type * from "./events.js";
export type * from "./protocol/types.js";
