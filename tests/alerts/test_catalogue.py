"""Every metric of the catalogue is there in real figures, and the hours of the week mean what they say."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from alerts.evaluation import figure_providers
from alerts.rules import weekly_windows
from alerts.rules.catalogue import CATALOGUE
from alerts.rules.coverage import level_of
from alerts.rules.machine import Value
from alerts.services import evaluate
from intraday.embedded import demo_data
from intraday.org.models import Organization
from kpi.services import compute

ORG = "org_123"


@pytest.fixture
def loaded(db: None) -> Organization:
    """The demo's fixed hour, with the KPIs of everything at its end."""
    organization = demo_data.load(now=timezone.now())
    whole = organization.scopes.get(department_id="", queue_name="")
    compute(organization=organization, scope=whole, as_of=demo_data.WALK_THROUGH, now=timezone.now())
    return organization


def test_every_metric_is_a_number_or_one_of_its_words_in_a_real_figure(loaded: Organization):
    found: dict[tuple[str, str], set[type]] = {key: set() for key in CATALOGUE}
    for name, provider in figure_providers.PROVIDERS.by_name.items():
        for scope, _, figure in provider.figures(ORG, now=demo_data.WALK_THROUGH):
            for key, metric in CATALOGUE.items():
                if metric.provider == name and level_of(scope) in metric.levels:
                    found[key].add(kind(metric.values, metric.read(figure)))
    closed = ("kpi", "service.closed_shortfall_points")  # the demo has one interval; tests/alerts/test_intervals.py
    assert {key for key, kinds in found.items() if not kinds} <= {closed}
    assert {key: kinds for key, kinds in found.items() if kinds - {float, str, type(None)}} == {}
    notified = {key for key, kinds in found.items() if kinds & {float, str}}
    assert len(notified) > len(CATALOGUE) * 0.6
    assert {source for source, _ in notified} >= {"kpi", "backlog", "attendance"}


def kind(values: tuple[str, ...], value: Value | None) -> type:
    if value is None:
        return type(None)
    assert (value in values) if values else isinstance(value, int | float), value
    return str if values else float


def test_the_demo_can_be_judged_at_its_fixed_hour(loaded: Organization):
    done = evaluate(organization_id=ORG, now=timezone.now(), as_of=demo_data.WALK_THROUGH)
    assert done.judged > 20


@pytest.mark.parametrize(
    ("window", "local", "holds"),
    [
        ((["mon"], "08:00", "17:00"), "2026-01-26 08:00", True),
        ((["mon"], "08:00", "17:00"), "2026-01-26 07:59", False),
        ((["mon"], "08:00", "17:00"), "2026-01-26 17:00", False),
        ((["mon"], "08:00", "17:00"), "2026-01-27 09:00", False),
        ((["fri"], "22:00", "06:00"), "2026-01-30 23:00", True),
        ((["fri"], "22:00", "06:00"), "2026-01-31 05:59", True),
        ((["fri"], "22:00", "06:00"), "2026-01-31 06:00", False),
        ((["fri"], "22:00", "06:00"), "2026-01-30 05:00", False),
        ((["sun"], "00:00", "00:00"), "2026-02-01 12:00", True),
        ((["sun"], "00:00", "00:00"), "2026-02-02 00:00", False),
        ((["sun"], "01:00", "04:00"), "2026-03-29 03:30", True),  # the hour before it did not exist
    ],
)
def test_windows_of_the_week(window: tuple[list[str], str, str], local: str, holds: bool):
    days, start, end = window
    zone = ZoneInfo("Europe/Berlin")
    instant = datetime.fromisoformat(local).replace(tzinfo=zone)
    assert (
        weekly_windows.cover(weekly_windows.parse([{"days": days, "start": start, "end": end}]), zone, instant) is holds
    )


@pytest.mark.parametrize(
    "stated",
    ["always", [1], [{"days": ["mon"]}], [{"days": ["lun"], "start": "08:00", "end": "09:00"}]],
)
def test_windows_that_are_none_are_refused(stated: object):
    with pytest.raises(ValueError, match=r"\w"):
        weekly_windows.parse(stated)
