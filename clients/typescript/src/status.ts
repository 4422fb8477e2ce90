// The status of a connection.

export type ConnectionState =
  | "idle" // nobody asked for anything yet
  | "connecting"
  | "catching_up" // connected; what was missed is on its way
  | "live"
  | "reconnecting" // lost a moment ago
  | "offline" // without a connection for 5 s
  | "stopped"; // for good: signed out or refused

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
