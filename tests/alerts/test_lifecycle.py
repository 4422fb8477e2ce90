"""Decisions about an alert as tables: acknowledging, resolving, timers."""

from datetime import timedelta

import pytest

from alerts.choices import Status
from alerts.rules.lifecycle import (
    TIMERS_END,
    Decision,
    Escalation,
    LifecycleState,
    acknowledge,
    acknowledgement_ran_out,
    cooling_until,
    due_step,
    outranks,
    reminder_due,
    resolve,
    snooze,
)
from tests.alerts.world import at

WAITING = LifecycleState(Status.PENDING, 3)
DANAS = LifecycleState(Status.ACKNOWLEDGED, 3, "dana")
OVER = LifecycleState(Status.RESOLVED, 3, "dana")


@pytest.mark.parametrize(
    ("record", "options", "answer"),
    [
        (WAITING, {"by": "dana"}, Decision.CHANGE),  # R3
        (WAITING, {"by": "dana", "expected_version": 3}, Decision.CHANGE),
        (WAITING, {"by": "dana", "expected_version": 2}, Decision.VERSION),
        (DANAS, {"by": "dana"}, Decision.SAME),  # R4
        (DANAS, {"by": "dana", "expected_version": 2}, Decision.SAME),
        (DANAS, {"by": "dana", "take_over": True}, Decision.SAME),
        (DANAS, {"by": "omar"}, Decision.ALREADY_ACKNOWLEDGED),
        (DANAS, {"by": "omar", "take_over": True}, Decision.CHANGE),
        (DANAS, {"by": "omar", "take_over": True, "expected_version": 2}, Decision.VERSION),
        (OVER, {"by": "dana"}, Decision.ALREADY_RESOLVED),  # R8
        (OVER, {"by": "omar", "take_over": True}, Decision.ALREADY_RESOLVED),
    ],
)
def test_acknowledging(record: LifecycleState, options: dict, answer: Decision):
    assert acknowledge(record, **options) is answer


@pytest.mark.parametrize(
    ("record", "expected", "answer"),
    [
        (WAITING, None, Decision.CHANGE),  # R5
        (DANAS, 3, Decision.CHANGE),
        (DANAS, 2, Decision.VERSION),
        (OVER, None, Decision.SAME),  # R7
        (OVER, 2, Decision.SAME),
    ],
)
def test_resolving(record: LifecycleState, expected: int | None, answer: Decision):
    assert resolve(record, expected_version=expected) is answer


@pytest.mark.parametrize(
    ("record", "answer"), [(WAITING, Decision.CHANGE), (DANAS, Decision.CHANGE), (OVER, Decision.ALREADY_RESOLVED)]
)
def test_snoozing(record: LifecycleState, answer: Decision):
    assert snooze(record) is answer


STEPS = [Escalation(timedelta(seconds=60), "supervisors"), Escalation(timedelta(seconds=600), "managers")]
DAY = TIMERS_END.total_seconds()


@pytest.mark.parametrize(
    ("status", "level", "seconds", "to"),
    [
        (Status.PENDING, 0, 59, None),
        (Status.PENDING, 0, 60, "supervisors"),  # R9
        (Status.PENDING, 0, 700, "supervisors"),  # one after the other, none left out
        (Status.PENDING, 1, 599, None),
        (Status.PENDING, 1, 600, "managers"),
        (Status.PENDING, 2, 6_000, None),  # each at most once
        (Status.ACKNOWLEDGED, 0, 60, None),
        (Status.RESOLVED, 0, 60, None),
        (Status.PENDING, 0, 60 + DAY - 1, "supervisors"),
        (Status.PENDING, 0, 60 + DAY, None),  # nobody is woken for what is long past
    ],
)
def test_steps_of_escalation(status: Status, level: int, seconds: float, to: str | None):
    step = due_step(status, at(0), level, STEPS, at(seconds))
    assert (step and step.to) == to


@pytest.mark.parametrize(
    ("status", "timeout", "seconds", "breaching", "ran_out"),
    [
        (Status.ACKNOWLEDGED, 600, 599, True, False),
        (Status.ACKNOWLEDGED, 600, 600, True, True),  # R10
        (Status.ACKNOWLEDGED, 600, 600, False, False),
        (Status.ACKNOWLEDGED, None, 600, True, False),
        (Status.PENDING, 600, 600, True, False),
        (Status.RESOLVED, 600, 600, True, False),
        (Status.ACKNOWLEDGED, 600, 600 + DAY, True, False),
    ],
)
def test_acknowledgements_run_out(
    status: Status, timeout: float | None, seconds: float, breaching: bool, ran_out: bool
):
    span = None if timeout is None else timedelta(seconds=timeout)
    assert acknowledgement_ran_out(status, at(0), span, at(seconds), breaching=breaching) is ran_out


@pytest.mark.parametrize(
    ("status", "repeat", "seconds", "due"),
    [
        (Status.PENDING, 300, 299, False),
        (Status.PENDING, 300, 300, True),
        (Status.PENDING, None, 300, False),
        (Status.ACKNOWLEDGED, 300, 300, False),
        (Status.PENDING, 300, DAY, False),
    ],
)
def test_reminders(status: Status, repeat: float | None, seconds: float, due: bool):
    span = None if repeat is None else timedelta(seconds=repeat)
    assert reminder_due(status, at(0), span, at(0), at(seconds)) is due


@pytest.mark.parametrize(
    ("severity", "before", "until"),
    [("high", "high", 300), ("low", "high", 300), ("critical", "high", None)],
)
def test_a_graver_alert_waits_for_no_cooldown(severity: str, before: str, until: float | None):
    cooling = cooling_until(at(0), timedelta(seconds=300), severity=severity, before=before)
    assert cooling == (None if until is None else at(until))
    assert outranks(severity, before) is (until is None)
