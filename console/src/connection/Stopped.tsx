// When the connection has ended for good, or shows less than was asked for: why, and what to do.

import { reconnectNow } from "intraday-realtime/hooks/useWebSocket";
import type { ConnectionStatus } from "intraday-realtime";

const SIGN_IN = 4401;

export function Stopped({ status }: { status: ConnectionStatus }) {
  if (status.state !== "stopped") return null;
  const here = encodeURIComponent(location.pathname + location.search);
  return (
    <p className="banner" role="alert">
      {status.reason} What you see is no longer current.{" "}
      {status.code === SIGN_IN ? (
        <a href={`/signin?next=${here}`}>Sign in</a>
      ) : (
        <button type="button" onClick={reconnectNow}>
          Try again
        </button>
      )}
    </p>
  );
}

export function NoAccess({ refused }: { refused: readonly string[] }) {
  if (!refused.length) return null;
  return (
    <p className="banner" role="alert">
      Not shown here: {refused.join(" ")}
    </p>
  );
}
