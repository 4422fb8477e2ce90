import { type Alert, useAlertNotifications } from "intraday-realtime/hooks/useWebSocket";

export function AlertBell({ organization, toast }: { organization: string; toast: (alert: Alert) => void }) {
  const { alertCount, clearAlertCount, openAlerts } = useAlertNotifications(toast, { organization_id: organization });
  const critical = openAlerts.filter(({ severity }) => severity === "critical");
  return (
    <button onClick={clearAlertCount} aria-label={`${alertCount} new alerts`}>
      🔔 {alertCount} new, {critical.length} critical of {openAlerts.length} open
    </button>
  );
}
