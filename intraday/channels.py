"""Channel by channel: its events, what replaces what for a client that fell behind, who may listen, its snapshot.

The transport asks the domains through this table and imports none of them.
"""

import backlog.selectors
from backlog.events import BacklogChanged
from realtime.channels import Channel, Keyed

CHANNELS: dict[str, Channel] = {
    "backlog": Channel(events={BacklogChanged: Keyed.BY_SCOPE}, grant="read", snapshot=backlog.selectors.snapshot),
    "system": Channel(events={}, grant="read"),
    "custom": Channel(events={}, grant="read"),
}
