"""Channel by channel: its events, what replaces what for a client that fell behind, its snapshot, who may listen.

The transport asks the domains through this table and imports none of them.
"""

import backlog.selectors
from realtime.channels import Channel, Keyed

CHANNELS: dict[str, Channel] = {
    "backlog": Channel(events={"backlog:update": Keyed.BY_SCOPE}, grant="read", snapshot=backlog.selectors.snapshot),
    "system": Channel(events={"system:notification": Keyed.NOT}, grant="read"),
    "custom": Channel(events={}, grant="read"),
}
