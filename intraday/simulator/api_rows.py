"""Rows of the API made of simulated queues: intervals, forecast, backlog."""

from datetime import UTC, datetime

from intraday.api_client.rows import Row, iso
from intraday.simulator.profiles import INTERVAL, Profile
from intraday.simulator.queueing import Counts, Line
from intraday.simulator.roster import stamp


def named(profile: Profile, organization: str) -> Row:
    return {"organization_id": organization, "department_id": profile.department, "queue_name": profile.queue}


def forecast(profile: Profile, organization: str, start: float, share: float) -> Row:
    """Return the forecast of one interval; `share` is its part of the busiest hour."""
    return {
        **named(profile, organization),
        "interval_start": stamp(start),
        "interval_minutes": int(INTERVAL / 60),
        "offered": round(profile.peak * share, 1),
        "aht_seconds": profile.aht,
    }


def interval(line: Line, organization: str, start: float) -> Row:
    """Return the interval as far as it has come, with the state of this moment if it is running."""
    counts, end = line.intervals[start], start + INTERVAL
    return {
        **named(line.profile, organization),
        "interval_start": stamp(start),
        "interval_minutes": int(INTERVAL / 60),
        "as_of": _exact(min(line.now, end)),
        **_counts(counts),
        **(_moment(line) if line.now < end else {}),
    }


def _counts(counts: Counts) -> Row:
    return {
        "offered": counts.offered,
        "answered": counts.answered,
        "answered_in_target": counts.in_target,
        "abandoned": counts.abandoned,
        "abandoned_in_target": counts.abandoned_in_target,
        "wait_seconds": round(counts.waited, 1),
        "handle_seconds": round(counts.handled, 1),
        "available_seconds": round(counts.available, 1),
        "other_productive_seconds": round(counts.training, 1),
        "paid_seconds": round(counts.paid, 1),
        "agents": counts.agents,
    }


def _moment(line: Line) -> Row:
    handling = line.handling
    pausing = sum(each.worked <= line.now for each in handling)
    idle, working = line.idle, len(handling) - pausing
    if line.profile.deferred:  # how long it waits is for its backlog to say
        return {"agents_available": idle + pausing, "agents_on_contact": working, "agents_after_contact": 0}
    longest = max((line.now - came for came in line.waiting.values()), default=0.0)
    return {
        "agents_available": idle,
        "agents_on_contact": working,
        "agents_after_contact": pausing,
        "waiting_now": len(line.waiting),
        "longest_wait_seconds": round(longest, 1),
    }


def backlog(line: Line, organization: str) -> Row:
    """Return the backlog of the queue, and begin the next interval of its flows."""
    ages = [line.now - came for came in line.waiting.values()]
    row = {
        **named(line.profile, organization),
        "snapshot_time": _exact(line.now),
        "total_items": len(ages),
        "average_wait_time_minutes": round(sum(ages) / len(ages) / 60, 2) if ages else 0.0,
        "items_over_sla": sum(age > line.profile.target for age in ages),
        "sla_at_risk_count": _at_risk(line, ages),
        "items_added": line.added,
        "items_completed": line.completed,
        "oldest_item_age_minutes": round(max(ages, default=0.0) / 60, 2),
    }
    line.added = line.completed = 0
    return row


def _at_risk(line: Line, ages: list[float]) -> int:
    """Count contacts that are in time, but at the present pace are not served before the target."""
    pace = max(line.reachable, 1) / line.profile.aht
    return sum(age <= line.profile.target < age + place / pace for place, age in enumerate(ages))


def _exact(time: float) -> str:
    return iso(datetime.fromtimestamp(time, UTC))
