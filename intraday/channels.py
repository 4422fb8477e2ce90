"""Channel by channel: its events, what replaces what for a client that fell behind, who may listen, its snapshot.

The transport asks the domains through this table and imports none of them.
"""

import alerts.selectors
import attendance.selectors
import backlog.selectors
import kpi.selectors
from alerts.events import AlertAcknowledged, AlertEscalated, AlertResolved, AlertTriggered, AlertUpdated
from attendance.events import AttendanceChanged, CheckedIn, CheckedOut
from backlog.events import BacklogChanged
from kpi.events import KPIChanged
from realtime.protocol.channel_spec import Channel, Keyed
from realtime.protocol.events import CustomEvent, SystemNotification

CHANNELS: dict[str, Channel] = {
    "kpi": Channel(events={KPIChanged: Keyed.BY_SCOPE}, grant="read", snapshot=kpi.selectors.snapshot),
    "backlog": Channel(events={BacklogChanged: Keyed.BY_SCOPE}, grant="read", snapshot=backlog.selectors.snapshot),
    "attendance": Channel(
        events={AttendanceChanged: Keyed.BY_SCOPE, CheckedIn: Keyed.NOT, CheckedOut: Keyed.NOT},
        grant="read",
        snapshot=attendance.selectors.snapshot,
    ),
    "alerts": Channel(
        events={
            AlertTriggered: Keyed.NOT,
            AlertAcknowledged: Keyed.NOT,
            AlertResolved: Keyed.NOT,
            AlertEscalated: Keyed.NOT,
            AlertUpdated: Keyed.NOT,
        },
        grant="read",
        snapshot=alerts.selectors.snapshot,
    ),
    "system": Channel(events={SystemNotification: Keyed.NOT}, grant="read"),
    "custom": Channel(events={CustomEvent: Keyed.NOT}, grant="read"),
}
