"""The channels table: per channel its events and their conflation, the grant to listen, its snapshot, and the level of
names from which its events are whole. Payloads say what wall boards show of them (`on_walls`).

The transport asks the domains through this table and imports none of them.
"""

import alerts.selectors
import attendance.selectors
import backlog.selectors
import kpi.selectors
from alerts.actions.events import ActionNoted
from alerts.events import AlertAcknowledged, AlertEscalated, AlertResolved, AlertTriggered, AlertUpdated
from attendance.events import AttendanceChanged, CheckedIn, CheckedOut
from backlog.events import BacklogChanged
from intraday.org.names import Names
from kpi.events import KPIChanged
from realtime.protocol.channel_spec import ChannelSpec, Conflation
from realtime.protocol.events import CustomEvent, SystemNotification

CHANNELS: dict[str, ChannelSpec] = {
    "kpi": ChannelSpec(
        events={KPIChanged: Conflation.LATEST_PER_SCOPE},
        grant="read",
        snapshot=kpi.selectors.snapshot,
        whole_from=Names.NONE,
    ),
    "backlog": ChannelSpec(
        events={BacklogChanged: Conflation.LATEST_PER_SCOPE},
        grant="read",
        snapshot=backlog.selectors.snapshot,
        whole_from=Names.NONE,
    ),
    "attendance": ChannelSpec(
        events={
            AttendanceChanged: Conflation.LATEST_PER_SCOPE,
            CheckedIn: Conflation.NONE,
            CheckedOut: Conflation.NONE,
        },
        grant="read",
        snapshot=attendance.selectors.snapshot,
    ),
    "alerts": ChannelSpec(
        events={
            AlertTriggered: Conflation.NONE,
            AlertAcknowledged: Conflation.NONE,
            AlertResolved: Conflation.NONE,
            AlertEscalated: Conflation.NONE,
            AlertUpdated: Conflation.NONE,
            ActionNoted: Conflation.NONE,
        },
        grant="read",
        snapshot=alerts.selectors.snapshot,
        whole_from=Names.COLLEAGUES,
    ),
    "system": ChannelSpec(events={SystemNotification: Conflation.NONE}, grant="read"),
    "custom": ChannelSpec(events={CustomEvent: Conflation.NONE}, grant="read"),
}
