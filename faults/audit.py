"""Account for every posted row: is it stored once, and did each listener hear it once?"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg

from faults.feeds import BACKLOG, CHECK_INS, INTERVALS, Feed, Key
from faults.listeners import Listener
from faults.traffic import Traffic

STORED = {
    BACKLOG: """SELECT scope.queue_name, row.time FROM backlog_snapshot row
        JOIN org_scope scope ON scope.id = scope_id WHERE organization_id = %s AND NOT derived AND time >= %s""",
    CHECK_INS: """SELECT employee_id, row.time FROM attendance_attendancerecord row
        JOIN attendance_person person ON person.id = person_id WHERE organization_id = %s AND row.time >= %s""",
    INTERVALS: """SELECT scope.queue_name, row.as_of FROM kpi_intervalstats row
        JOIN org_scope scope ON scope.id = scope_id WHERE organization_id = %s AND as_of >= %s""",
}
HEADS = "SELECT name, head FROM realtime_stream"


@dataclass
class Account:
    """Rows, and events of one listener each."""

    posted: int = 0
    acknowledged: int = 0
    stored: int = 0
    delivered: int = 0
    """Backlog rows of which every listener of the tenant heard."""
    lost: int = 0
    doubled: int = 0
    findings: list[str] = field(default_factory=list)

    def find(self, count: int, text: str) -> int:
        """Note what should not be, if it is; return the count."""
        if count:
            self.findings.append(f"{count} {text}")
        return count


def heads(database: str) -> dict[str, int]:
    with psycopg.connect(database) as connection:
        return dict(connection.execute(HEADS).fetchall())


def audit(traffic: Traffic, ends: dict[str, int]) -> Account:
    """Hold what was stored and heard against what was posted. `ends` are the heads of the streams up to which everybody
    had time to hear: jobs go on meanwhile."""
    account = Account()
    with psycopg.connect(traffic.layout.database()) as connection:
        for feed in traffic.feeds:
            excuse(feed, traffic)
            rows = stored_rows(connection, feed.tenant, traffic.began)
            stored = Counter(key for key in rows if not traffic.excused(key))
            count_rows(account, feed, stored)
            mine = [listener for listener in traffic.listeners if listener.request.organization == feed.tenant]
            count_deliveries(account, feed, mine, stored)
    for listener in traffic.listeners:
        count_events(account, listener, Traffic.behind(listener, ends))
    return account


def excuse(feed: Feed, traffic: Traffic) -> None:
    """Take what had to be lost off the ledger."""
    ledger = feed.ledger
    for key in [key for key in ledger.posted if traffic.excused(key)]:
        del ledger.posted[key]
        ledger.acknowledged.discard(key)
        ledger.refused.pop(key, None)


def stored_rows(connection: psycopg.Connection[Any], tenant: str, since: datetime) -> Iterable[Key]:
    for kind, query in STORED.items():
        for name, time in connection.execute(query, (tenant, since)):
            yield kind, name, time


def count_rows(account: Account, feed: Feed, stored: Counter[Key]) -> None:
    ledger, tenant = feed.ledger, feed.tenant
    replaced = replaced_intervals(ledger.acknowledged, stored)
    there = [key for key in ledger.acknowledged if key in stored or key in replaced]
    account.posted += len(ledger.posted)
    account.acknowledged += len(ledger.acknowledged)
    account.stored += len(there)
    account.lost += account.find(len(ledger.acknowledged) - len(there), f"rows of {tenant} acknowledged, not stored")
    unanswered = len(ledger.posted) - len(ledger.acknowledged) - len(ledger.refused)
    account.lost += account.find(unanswered, f"rows of {tenant} never answered")
    reason = next(iter(ledger.refused.values()), "")
    account.lost += account.find(len(ledger.refused), f"rows of {tenant} refused: {reason}")
    account.doubled += account.find(stored.total() - len(stored), f"rows of {tenant} stored twice")


def replaced_intervals(acknowledged: set[Key], stored: Counter[Key]) -> set[Key]:
    """Return the posts of running intervals that a later post of the same queue has replaced, as it should."""
    newest: dict[str, datetime] = {}
    for kind, queue, as_of in stored:
        if kind == INTERVALS:
            newest[queue] = max(as_of, newest.get(queue, as_of))
    return {key for key in acknowledged if key[0] == INTERVALS and key[1] in newest and key[2] <= newest[key[1]]}


def count_deliveries(account: Account, feed: Feed, listeners: list[Listener], stored: Counter[Key]) -> None:
    rows = [key for key in stored if key[0] == BACKLOG]
    for listener in listeners:
        missing = [key for key in rows if key not in listener.heard]
        account.lost += account.find(len(missing), f"rows of {feed.tenant} not heard by a listener")
        twice = sum(listener.heard[key] - 1 for key in rows if key in listener.heard)
        account.doubled += account.find(twice, f"rows of {feed.tenant} heard twice by a listener")
    account.delivered += sum(all(key in listener.heard for listener in listeners) for key in rows)


def count_events(account: Account, listener: Listener, behind: int) -> None:
    sequences, tenant = listener.sequences, listener.request.organization
    account.lost += account.find(sequences.missing, f"events of {tenant} missing: {sequences.findings[:3]}")
    account.lost += account.find(behind, f"events of {tenant} not heard at the end")
    account.doubled += account.find(sequences.duplicates, f"events of {tenant} came twice: {sequences.findings[:3]}")
