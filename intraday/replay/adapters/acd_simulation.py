"""The figures that an ACD would have counted of a log of single calls: intervals as far as they are known at a time.

A call belongs to the interval in which it came, whenever it is answered: until its calls are over, an interval is told
again. An agent is seen only while she serves: she counts from the first service of her day on, in the intervals in
which she serves, for each queue whose calls she takes; the time between her calls is shared out among these queues.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from intraday.api_client.rows import Row, iso
from intraday.replay.timeline import Target

INTERVAL = timedelta(minutes=30)
THRESHOLD = timedelta(seconds=20)  # what "answered in time" usually means on the telephone
SHIFT = timedelta(hours=12)  # an agent who came longer ago than this has left
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00Z")


class Call(NamedTuple):
    """`joined` is None for a call that was answered without queueing, `answered` for one that was given up; `agent`
    is empty where none was recorded. `day` is the date that the log gives it."""

    day: date
    queue: str
    came: datetime
    joined: datetime | None
    left: datetime
    waited: timedelta
    answered: datetime | None
    talked: timedelta
    agent: str

    @property
    def ended(self) -> datetime:
        return self.left if self.answered is None else self.answered + self.talked


class Service(NamedTuple):
    agent: str
    queue: str
    start: datetime
    end: datetime


@dataclass
class Intervals:
    """Intervals by the time at which they are known.

    `at`, called with growing times, yields those since the call before, and earlier ones that were not over.
    """

    calls: Sequence[Call]
    queues: Sequence[str]
    target: Target

    def __post_init__(self) -> None:
        self._calls: dict[tuple[datetime, str], list[Call]] = defaultdict(list)
        self._services: dict[datetime, list[Service]] = defaultdict(list)
        self._unfinished: set[datetime] = set()
        self._until: datetime | None = None
        first: dict[tuple[str, date], datetime] = {}
        for call in self.calls:
            self._calls[begin(call.came), call.queue].append(call)
            if call.answered is not None and call.agent:
                first[call.agent, call.day] = min(call.answered, first.get((call.agent, call.day), call.answered))
                self._serve(Service(call.agent, call.queue, call.answered, call.ended))
        self._begins = {(agent, start) for (agent, _), start in first.items()}

    def _serve(self, service: Service) -> None:
        start = begin(service.start)
        while start <= service.end:
            self._services[start].append(service)
            start += INTERVAL

    def at(self, time: datetime) -> Iterator[Row]:
        last = begin(time - timedelta.resolution)
        start = last if self._until is None else begin(self._until)
        while start <= last:
            self._unfinished.add(start)
            start += INTERVAL
        self._until = time
        for start in sorted(self._unfinished):
            yield from (self._row(start, queue, time) for queue in self.queues)
            calls = (call for queue in self.queues for call in self._calls.get((start, queue), ()))
            if start + INTERVAL <= time and all(call.ended <= time for call in calls):
                self._unfinished.remove(start)

    def _row(self, start: datetime, queue: str, time: datetime) -> Row:
        calls = [call for call in self._calls.get((start, queue), ()) if call.came <= time]
        served = [(call, call.answered) for call in calls if call.answered is not None and call.answered <= time]
        lost = [call for call in calls if call.answered is None and call.left <= time]
        until = min(time, start + INTERVAL)
        agents, idle = self._agents(start, queue, until)
        return {
            "organization_id": self.target.organization_id,
            "department_id": self.target.department_id,
            "queue_name": queue,
            "interval_start": iso(start),
            "interval_minutes": INTERVAL // timedelta(minutes=1),
            "as_of": iso(time),
            "offered": len(calls),
            "answered": len(served),
            "answered_in_target": sum(call.waited <= THRESHOLD for call, _ in served),
            "abandoned": len(lost),
            "abandoned_in_target": sum(call.waited <= THRESHOLD for call in lost),
            "wait_seconds": sum(call.waited.total_seconds() for call, _ in served),
            "handle_seconds": round(sum(min(call.talked, time - at).total_seconds() for call, at in served), 3),
            "available_seconds": round(idle, 3),
            "agents": agents,
            **(self._waiting(queue, time) if until == time else {}),
        }

    def _agents(self, start: datetime, queue: str, until: datetime) -> tuple[int, float]:
        """Return how many agents served this queue, and the part of their idle seconds that is this queue's."""
        talked: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        since: dict[str, datetime] = {}
        for service in self._services.get(start, ()):
            seconds = (min(service.end, until) - max(service.start, start)).total_seconds()
            if service.start < until and seconds > 0:
                talked[service.agent][service.queue] += seconds
                since[service.agent] = min(since.get(service.agent, until), service.start)
        idle = 0.0
        for agent, by_queue in talked.items():
            all_seconds = sum(by_queue.values())
            ready = (until - self._since(agent, since[agent], start)).total_seconds()
            idle += max(0.0, ready - all_seconds) * by_queue.get(queue, 0.0) / all_seconds
        return sum(queue in by_queue for by_queue in talked.values()), idle

    def _since(self, agent: str, served: datetime, start: datetime) -> datetime:
        """Return since when the agent is there: from the begin of the interval, unless her day begins in it."""
        return max(start, served) if (agent, served) in self._begins else start

    def _waiting(self, queue: str, time: datetime) -> Row:
        since = [
            call.joined
            for start in self._unfinished
            for call in self._calls.get((start, queue), ())
            if call.joined is not None and call.joined <= time < call.left
        ]
        longest = (time - min(since, default=time)).total_seconds()
        return {"waiting_now": len(since), "longest_wait_seconds": longest}


def begin(time: datetime) -> datetime:
    return time - (time - EPOCH) % INTERVAL


def attendance(calls: Iterable[Call], times: Sequence[datetime], target: Target) -> dict[datetime, list[Row]]:
    """Return records by the time to post them: an agent checks in with the first service of her day and leaves with
    the last one."""
    days: dict[tuple[str, date], list[Call]] = defaultdict(list)
    for call in calls:
        if call.answered is not None and call.agent:
            days[call.agent, call.day].append(call)
    found: dict[datetime, list[Row]] = defaultdict(list)
    for (agent, _), served in sorted(days.items()):
        came = min(call.answered for call in served if call.answered is not None)
        left = max(call.ended for call in served)
        for status, time in (("present", came), ("checked_out", left)):
            place = bisect_left(times, time)
            if place < len(times) and time > times[0] - SHIFT:
                found[times[place]].append(_record(target, agent, status, time, came))
    return found


def _record(target: Target, agent: str, status: str, time: datetime, came: datetime) -> Row:
    row = {
        "organization_id": target.organization_id,
        "department_id": target.department_id,
        "employee_id": agent,
        "snapshot_time": iso(time),
        "status": status,
        "checked_in_at": iso(came),
    }
    return row | ({"checked_out_at": iso(time)} if status == "checked_out" else {})
