"""A real week of an office: badges seen, by day, through the API (figures: data/README.md beside the project)."""

import csv
import gzip
from collections import defaultdict
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.attendance.posting import HISTORY, Row, counts, plan, results, say
from tests.rest.contract import ContractClient
from tests.services import SHARED

SIGHTINGS = SHARED / "data" / "workplace_presence_week1.csv.gz"
PEOPLE = SHARED / "data" / "workplace_departments.csv"
MONDAY = datetime(2015, 6, 22, tzinfo=ZoneInfo("Europe/Paris"))
SEEN = [176, 166, 162, 187, 168]

pytestmark = [pytest.mark.shared, pytest.mark.skipif(not SIGHTINGS.exists(), reason="the real data is not here")]


def departments() -> dict[str, str]:
    with PEOPLE.open() as lines:
        return {row["i"]: row["Di"] for row in csv.DictReader(lines)}


def first_and_last() -> dict[tuple[int, str], tuple[int, int]]:
    """Return the first and the last sighting by day and badge, in seconds of the week."""
    found: dict[tuple[int, str], list[int]] = defaultdict(list)
    with gzip.open(SIGHTINGS, "rt") as lines:
        for row in csv.DictReader(lines):
            time = int(row["t"])
            for badge in (row["i"], row["j"]):
                found[time // 86_400, badge].append(time)
    return {name: (min(times), max(times)) for name, times in found.items()}


def spelled(seconds: float) -> str:
    return (MONDAY + timedelta(seconds=seconds)).isoformat()


def test_per_day_as_many_are_present_as_were_seen(api: ContractClient):
    homes, seen = departments(), first_and_last()

    def row(badge: str, **fields: object) -> Row:
        return {"employee_id": badge, "department_id": homes[badge], **fields}

    def hours(day: int) -> dict[str, str]:
        return {"start": spelled(day * 86_400 + 9 * 3600), "end": spelled(day * 86_400 + 21 * 3600)}

    for day in range(5):
        answer = plan(api, *(row(each, shift_id=f"{each} {day}", kind="work", **hours(day)) for each in homes))
        assert answer["accepted"] == 232
    for day in range(5):
        today = {badge: times for (number, badge), times in seen.items() if number == day}
        came = [row(each, snapshot_time=spelled(first), status="present") for each, (first, _) in today.items()]
        evening = spelled(day * 86_400 + 20.5 * 3600)
        roll_call = [row(each, snapshot_time=evening, status="present") for each in today]
        went = [
            row(
                each,
                snapshot_time=spelled(day * 86_400 + 21 * 3600 + 60),
                status="checked_out",
                checked_out_at=spelled(last),
            )
            for each, (_, last) in today.items()
        ]
        for rows in (came, roll_call, went):
            assert set(results(say(api, *rows))) == {"created"}
    evenings = {spelled(day * 86_400 + 20.5 * 3600) for day in range(5)}

    def presence(department: str = "") -> list[tuple[int, int]]:
        query = {"department_id": department} if department else {}
        items = api.get(HISTORY, query).json()["items"]
        at_evening = {item["timestamp"]: item for item in items}
        found = []
        for evening in sorted(evenings):
            time = datetime.fromisoformat(evening).astimezone(ZoneInfo("UTC")).isoformat().replace("+00:00", "Z")
            figure = counts(at_evening.get(time, {}))
            found.append((figure.get("present", 0), figure.get("absent", 0)))
        return found

    assert presence() == [(count, 232 - count) for count in SEEN]
    each = [presence(department) for department in set(homes.values())]
    assert [sum(day[0] for day in days) for days in zip(*each, strict=True)] == SEEN
