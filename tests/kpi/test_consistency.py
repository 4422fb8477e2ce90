"""Random organizations by way of the API and the database: tile, grid and what-if say the same, whatever was posted."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import time_machine
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

import attendance.selectors
from intraday.org.models import Organization, Scope
from intraday.org.services import add_queues, create_organization
from kpi.computing import remembered_queues, runs
from kpi.computing import targets as targets_of
from kpi.models import QueueSettings
from kpi.pipeline.inputs import Backlog, Key, QueueInputs
from tests.attendance.posting import BATCH as RECORDS
from tests.attendance.posting import SHIFTS
from tests.backlog.posting import BATCH as BACKLOG
from tests.backlog.posting import TEN, post
from tests.conftest import client_of
from tests.kpi.consistency import check_figure, check_level, check_nobody_there, differences
from tests.kpi.posting import BATCH, COMPUTE, CURRENT, FORECAST, INTERVALS, WHAT_IF
from tests.kpi.random_organizations import KEYS, World, levels_of, worlds

Row = dict[str, Any]
DEPARTMENTS = ("north", "south")
IN_DEPARTMENTS = [key for key in KEYS if key[0]]

few = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # an example takes half a second: shrinking one would take minutes
    suppress_health_check=list(HealthCheck),
)


# --- what is posted --------------------------------------------------------------------------------------------------
@st.composite
def people(draw: st.DrawFn) -> list[Row]:
    """Up to eight people: of one queue, of several, of none; in one department or two; with breaks published or not."""
    names = {code: [name for department, name in KEYS if department == code] for code in DEPARTMENTS}
    found = []
    for number in range(draw(st.integers(0, 8))):
        departments = draw(st.sampled_from([["north"], ["north"], ["south"], ["north", "south"]]))
        found.append(
            {
                "employee_id": f"person {number}",
                "serves": {code: sorted(draw(st.sets(st.sampled_from(names[code])))) for code in departments},
                "start": draw(st.sampled_from([-120, -60, 5])),
                "break": draw(st.none() | st.sampled_from([-10, 0, 20, 90])),
                "status": draw(st.sampled_from(["present", "present", "present", "on_break", "absent", None])),
            }
        )
    return found


def shifts(person: Row) -> Iterator[Row]:
    for code, names in person["serves"].items():
        said = {"department_id": code, "employee_id": person["employee_id"], "queue_names": names}
        yield {
            **said,
            "shift_id": f"{person['employee_id']} {code}",
            "start": text(TEN + timedelta(minutes=person["start"])),
            "end": text(TEN + timedelta(hours=6)),
            "kind": "work",
        }
        if person["break"] is not None:
            start = TEN + timedelta(minutes=person["break"])
            yield {
                **said,
                "shift_id": f"{person['employee_id']} {code} break",
                "start": text(start),
                "end": text(start + timedelta(minutes=30)),
                "kind": "break",
            }


def records(person: Row) -> Iterator[Row]:
    if person["status"] is not None:
        yield {
            "department_id": next(iter(person["serves"])),
            "employee_id": person["employee_id"],
            "employee_name": person["employee_id"],
            "snapshot_time": text(TEN + timedelta(minutes=min(0, person["start"]))),
            "status": person["status"],
        }


def text(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")


def named(key: Key) -> Row:
    return {name: value for name, value in zip(("department_id", "queue_name"), key, strict=True) if value}


MEASURED = (
    *("offered", "answered", "answered_in_target", "abandoned", "abandoned_in_target", "wait_seconds"),
    *("handle_seconds", "available_seconds", "other_productive_seconds", "paid_seconds", "agents", "waiting_now"),
    *("longest_wait_seconds", "waiting_past_target", "agents_available", "agents_on_contact", "agents_after_contact"),
)


def measured(queue: QueueInputs) -> Iterator[Row]:
    for row in queue.recent:
        counts = {name: getattr(row, name) for name in MEASURED}
        yield {**named(queue.queue.key), **span(row), "as_of": text(row.as_of), **counts}


def forecast(queue: QueueInputs) -> Iterator[Row]:
    for row in (*queue.forecasts, *queue.rest):
        heads = {"required_agents": row.required_agents, "scheduled_agents": row.scheduled_agents}
        yield {
            **named(queue.queue.key),
            **span(row),
            "offered": row.offered,
            "aht_seconds": row.aht_seconds,
            **heads,
        }


def span(row: Any) -> Row:
    return {"interval_start": text(row.start), "interval_minutes": (row.end - row.start) // timedelta(minutes=1)}


def backlog(queue: QueueInputs) -> Iterator[Row]:
    found = queue.backlog
    if found is not None:
        yield {
            **named(queue.queue.key),
            "snapshot_time": text(found.time),
            "total_items": found.items,
            "average_wait_time_minutes": found.oldest_seconds / 120,
            "items_over_sla": found.over_sla,
            "age_profile": profile(found),
        }


def profile(found: Backlog) -> list[Row] | None:
    """Items at least so old: on the wire an older bucket is inside the younger ones."""
    at_least = [sum(items for _, items in found.age_profile[place:]) for place in range(len(found.age_profile))]
    rows = [
        {"older_than_minutes": age / 60, "items": items}
        for (age, _), items in zip(found.age_profile, at_least, strict=True)
    ]
    return rows or None


def make(world: World, persons: Sequence[Row]) -> tuple[Organization, APIClient]:
    """A new organization to which all of that was posted."""
    organization = create_organization(id=f"org_{secrets.token_hex(5)}", name="Any")
    add_queues(organization, [each.queue.key for each in world.queues])
    for each in world.queues:
        _configure(organization, each)
    api = client_of(organization)
    _post(api, SHIFTS, [row for person in persons for row in shifts(person)])
    _post(api, RECORDS, [row for person in persons for row in records(person)])
    _post(api, BATCH, [row for each in world.queues for row in measured(each)])
    _post(api, FORECAST, [row for each in world.queues for row in forecast(each)])
    _post(api, BACKLOG, [row for each in world.queues for row in backlog(each)])
    return organization, api


def _configure(organization: Organization, queue: QueueInputs) -> None:
    rules = queue.queue.rules
    QueueSettings.objects.create(
        scope=Scope.objects.get(
            organization=organization, **dict(zip(("department_id", "queue_name"), queue.queue.key, strict=False))
        ),
        kind="deferred" if rules.deferred else "realtime",
        target_service_level=100 * rules.target_service_level,
        sla_minutes=rules.sla_seconds / 60,
        max_occupancy=100 * rules.max_occupancy,
        shrinkage=100 * rules.shrinkage,
        opening_hours="" if queue.queue.closed_until is None else "Mon-Sun 12:00-20:00",
        **{
            name: getattr(rules, name)
            for name in (
                *("target_seconds", "aht_seconds", "abandon_policy", "patience_seconds", "concurrency"),
                *("interval_minutes", "cadence_seconds"),
            )
        },
    )


def _post(api: APIClient, path: str, rows: Sequence[Row]) -> None:
    if rows:
        answer = post(api, {"items": rows}, path)
        refused = [
            each for each in answer.get("results", [answer]) if each.get("result") in (None, "error", "rejected")
        ]
        assert not refused, refused[0]


# --- what is told ----------------------------------------------------------------------------------------------------
def told(api: APIClient, keys: Sequence[Key]) -> dict[Key, Any]:
    answers = {key: api.get(CURRENT, named(key)).json() for key in keys}
    return {key: answer["current"] for key, answer in answers.items() if answer["current"] is not None}


def alike(figures: Mapping[Key, Any]) -> dict[Key, Any]:
    """Drop the fields that differ between organizations and runs."""
    private = ("snapshot_id", "organization_id", "computed_at")
    return {key: {name: value for name, value in each.items() if name not in private} for key, each in figures.items()}


def check_grid(api: APIClient, key: Key, sent: Any) -> None:
    """The row of the running interval has the tile's heads and level."""
    answer = api.get(INTERVALS, named(key)).json()
    rows = [row for row in answer["intervals"] if row["state"] == "now"]
    assert len(rows) == 1
    gap, start = sent["headcount_gap"], sent["headcount_gap"]["interval_start"]
    if start is not None and rows[0]["start"] <= start < rows[0]["end"]:
        names = ("required", "scheduled", "available", "gap")
        assert {name: rows[0][name] for name in names} == {name: gap[name] for name in names}, key
    if sent["service"]["interval_start"] == rows[0]["start"] and key[1]:
        names = ("offered", "answered", "abandoned", "service_level")
        assert {name: rows[0][name] for name in names} == {name: sent["service"][name] for name in names}, key
        assert rows[0]["as_of"] == sent["as_of"], key


def check_what_if(api: APIClient, key: Key, sent: Any) -> None:
    answer = post(api, named(key), WHAT_IF)
    assert answer["status"] == 200, answer
    gap, risk, found = sent["headcount_gap"], sent["sla_risk"], answer["baseline"]
    assert found == answer["scenario"]
    assert [found[name] for name in ("agents", "required", "gap")] == [
        gap[name] for name in ("available", "required", "gap")
    ]
    assert found["risk_score"] == risk["risk_score"]
    assert found["outlook_risk"] == risk["outlook_risk"]
    assert found["service_level"] == risk["projected_service_level"]


@few
@given(worlds(IN_DEPARTMENTS), people())
def test_tile_grid_and_what_if_say_the_same(transactional_db: None, world: World, persons: list[Row]) -> None:
    deferred = {each.queue.key: each.queue.rules.deferred for each in world.queues}
    levels = levels_of(list(deferred))
    with time_machine.travel(world.at, tick=False):
        organization, api = make(world, persons)
        assert post(api, {}, COMPUTE)["status"] == 201
        found = told(api, [*deferred, *levels])
        groups = attendance.selectors.skill_groups(organization.pk, at=world.at)
        for key, sent in found.items():
            check_figure(sent)
            check_grid(api, key, sent)
            if key[1]:
                check_nobody_there(sent)
                check_what_if(api, key, sent)
        for level in levels:
            queues = [(found[key], later) for key, later in deferred.items() if level[0] in ("", key[0])]
            seen = [heads for serves, _, heads in groups if not level[0] or level[0] in {code for code, _ in serves}]
            check_level(found[level], queues, sum(seen) if seen else None)
        assert post(api, {}, COMPUTE)["status"] == 201
        assert not list(differences(alike(told(api, [*deferred, *levels])), alike(found)))


@few
@given(worlds(IN_DEPARTMENTS), people(), st.randoms(use_true_random=False))
def test_a_run_of_some_queues_before_one_of_all_changes_nothing(
    transactional_db: None, world: World, persons: list[Row], random: Any
) -> None:
    keys = [each.queue.key for each in world.queues]
    some = random.sample(keys, random.randint(1, len(keys)))
    figures = []
    with time_machine.travel(world.at, tick=False):
        for earlier in ([], some):
            organization, api = make(world, persons)
            known = remembered_queues.read(organization)
            every = targets_of.everything(known.scopes)
            first = [scope for scope in every.queues if runs.key_of(scope) in earlier]
            targets = [targets_of.touched(known.scopes, first)]
            for each in (*targets, every) if earlier else (every,):
                runs.run(organization=organization, targets=each, known=known, at=world.at, now=world.at, manual=True)
            figures.append(alike(told(api, [*keys, *levels_of(keys)])))
        assert not list(differences(*figures))
