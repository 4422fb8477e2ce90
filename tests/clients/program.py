"""Post a snapshot and read it by the generated client. Called with the address and an API key."""

import sys
from datetime import UTC, datetime

from intraday_console_api_client import AuthenticatedClient
from intraday_console_api_client.api.backlog import backlog_current, backlog_ingest
from intraday_console_api_client.models import BacklogCurrent, BacklogRowResult, BacklogSnapshotRequest

address, key = sys.argv[1:]
client = AuthenticatedClient(base_url=address, token=key, prefix="Api-Key")
snapshot = BacklogSnapshotRequest(
    queue_name="support", snapshot_time=datetime.now(UTC), total_items=43, average_wait_time_minutes=3
)
stored = backlog_ingest.sync(client=client, body=snapshot, idempotency_key="from-python")
assert isinstance(stored, BacklogRowResult), stored
print(stored.result, stored.event.seq)
found = backlog_current.sync(client=client, queue_name="support")
assert isinstance(found, BacklogCurrent), found
print(found.current.total_items)
