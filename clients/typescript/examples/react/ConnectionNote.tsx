import { reconnectNow, useConnectionStatus } from "intraday-realtime/hooks/useWebSocket";

export function ConnectionNote() {
  const { state, reason } = useConnectionStatus();
  if (state === "live" || state === "idle") return null;
  if (state === "stopped")
    return (
      <p role="alert">
        {reason} <a href="/signin">Sign in</a>
      </p>
    );
  if (state !== "offline") return <p role="status">Catching up</p>;
  return (
    <p role="status">
      Offline: these figures are old. <button onClick={reconnectNow}>Try now</button>
    </p>
  );
}
