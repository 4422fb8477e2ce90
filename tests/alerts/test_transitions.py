"""R1 to R11 in the database: each transition once, with its event, its line of audit, and nothing else."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from alerts import rule_services
from alerts.models import Alert, Notification, RuleState
from alerts.services import Conflict
from intraday.org.models import Queue
from intraday.rest.errors import NotFound
from tests.alerts.world import OWNER, TEN, World, at, names
from tests.heard import Hear

STREAM = "alerts:org:org_123"


@pytest.fixture
def waiting(world: World) -> Alert:
    """An alert that fired at ten."""
    world.rule(for_seconds=0, recover_for_seconds=0)
    world.judge(95, 0)
    return world.alert


def notified() -> list[str]:
    return list(Notification.objects.order_by("id").values_list("transition", flat=True))


# --- R1 --------------------------------------------------------------------------------------------------------------
def test_r1_a_breach_makes_one_record_one_event_and_one_line(world: World, heard: Hear):
    world.rule()
    with heard(STREAM) as events:
        assert world.judge(95).triggered == 1
    assert names(events) == ["alert:triggered"]
    assert events[0]["data"]["message"] == "support: occupancy is 95 % (over 90 %)"
    assert (world.statuses(), world.history(), notified()) == (["pending"], ["fired"], ["triggered"])


def test_r1_in_cooldown_there_is_no_record_and_one_line_says_so(world: World, heard: Hear):
    world.rule(cooldown_seconds=300, recover_for_seconds=0)
    world.judge(95, 0)
    world.judge(70, 60)
    with heard(STREAM) as events:
        for seconds in (120, 180, 240):
            world.judge(95, seconds)
    assert (len(events), world.statuses()) == (0, ["resolved"])
    assert world.history() == ["fired", "recovered", "suppressed_cooldown"]
    first = world.alert
    world.judge(95, 360)
    assert (world.alert.previous_id, world.statuses()) == (first.pk, ["resolved", "pending"])


def test_r1_a_graver_rule_does_not_wait_for_the_cooldown(world: World):
    rule = world.rule(severity="medium", cooldown_seconds=3600, recover_for_seconds=0)
    world.judge(95, 0)
    world.judge(70, 60)
    world.edit(rule, severity="critical")
    world.judge(95, 120)
    assert [alert.severity for alert in world.alerts] == ["medium", "critical"]


def test_r1_the_database_itself_refuses_a_second_open_record(waiting: Alert):
    with pytest.raises(IntegrityError), transaction.atomic():
        Alert.objects.bulk_create([copy_of(waiting)])
    Alert.objects.update(status="resolved")
    Alert.objects.bulk_create([copy_of(waiting)])


def copy_of(alert: Alert) -> Alert:
    kept = {field.attname: getattr(alert, field.attname) for field in Alert._meta.fields if field.name != "id"}
    return Alert(**kept)


# --- R2 --------------------------------------------------------------------------------------------------------------
def test_r2_seen_again_only_the_sighting_changes(world: World, waiting: Alert, heard: Hear):
    world.acknowledge(waiting, note="on it")
    with heard(STREAM) as events:
        world.judge(99, 60)
        world.judge(93, 120)
    alert = world.alert
    assert len(events) == 0
    assert (alert.occurrence_count, alert.current_value, alert.peak_value) == (3, 93, 99)
    assert alert.last_seen_at == at(120)
    assert (alert.status, alert.acknowledged_by, alert.note, alert.version) == ("acknowledged", "dana", "on it", 2)


def test_r2_a_raised_severity_is_said_with_the_same_id_and_ends_a_snooze(world: World, waiting: Alert, heard: Hear):
    world.snooze(waiting, 3600)
    world.edit(waiting.rule, severity="critical")
    with heard(STREAM) as events:
        world.judge(95, 60)
    assert names(events) == ["alert:triggered"]
    assert (events[0]["data"]["alert_id"], events[0]["data"]["severity"]) == (str(waiting.pk), "critical")
    assert (world.alert.snoozed_until, world.alert.suppressed) == (None, False)
    assert notified() == ["triggered", "raised"]


# --- R3, R4, R8 ------------------------------------------------------------------------------------------------------
def test_r3_acknowledging_is_said_once(world: World, waiting: Alert, heard: Hear):
    with heard(STREAM) as events:
        alert = world.acknowledge(waiting, note="calling in Ben")
    assert names(events) == ["alert:acknowledged"]
    assert events[0]["data"]["acknowledged_by"] == "dana"
    assert (alert.status, alert.note, world.history()) == ("acknowledged", "calling in Ben", ["fired", "acknowledged"])


def test_r4_the_same_person_again_changes_nothing(world: World, waiting: Alert, heard: Hear):
    before = world.acknowledge(waiting, note="mine")
    with heard(STREAM) as events:
        again = world.acknowledge(waiting, note="still mine")
    assert (len(events), again.version, again.note) == (0, before.version, "mine")
    assert world.history() == ["fired", "acknowledged"]


def test_r4_another_person_learns_whose_it_is_and_may_take_over(world: World, waiting: Alert, heard: Hear):
    world.acknowledge(waiting)
    world.now += timedelta(seconds=20)
    with heard(STREAM) as events, pytest.raises(Conflict) as refused:
        world.acknowledge(waiting, by="omar")
    assert (refused.value.code, refused.value.message) == ("already_acknowledged", "dana acknowledged it 20 s ago.")
    assert len(events) == 0
    with heard(STREAM) as events:
        alert = world.acknowledge(waiting, by="omar", take_over=True)
    assert (names(events), alert.acknowledged_by) == (["alert:acknowledged"], "omar")
    assert world.history()[-1] == "taken over from dana"


def test_r8_resolved_is_the_end(world: World, waiting: Alert, heard: Hear):
    world.resolve(waiting)
    with heard(STREAM) as events, pytest.raises(Conflict) as refused:
        world.acknowledge(waiting, by="omar")
    assert (refused.value.code, refused.value.alert.status) == ("already_resolved", "resolved")
    assert (len(events), world.statuses()) == (0, ["resolved"])


def test_an_expected_version_that_is_not_is_refused(world: World, waiting: Alert):
    world.snooze(waiting, 60)
    with pytest.raises(Conflict) as refused:
        world.acknowledge(waiting, expected_version=1)
    assert refused.value.code == "version_conflict"
    assert world.acknowledge(waiting, expected_version=2).status == "acknowledged"


# --- R5, R6, R7 ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("acknowledged", [False, True])
def test_r5_a_person_resolves(world: World, waiting: Alert, heard: Hear, acknowledged: bool):
    if acknowledged:
        world.acknowledge(waiting, by="omar")
    with heard(STREAM) as events:
        world.resolve(waiting, note="two agents back")
    assert names(events) == ["alert:resolved"]
    said = events[0]["data"]
    assert (said["resolved_by"], said["resolution"], said["note"]) == ("dana", "manual", "two agents back")


@pytest.mark.parametrize("acknowledged", [False, True])
def test_r6_the_system_resolves(world: World, waiting: Alert, heard: Hear, acknowledged: bool):
    if acknowledged:
        world.acknowledge(waiting)
    with heard(STREAM) as events:
        world.judge(70, 60)
    assert names(events) == ["alert:resolved"]
    said = events[0]["data"]
    assert (said["resolved_by"], said["resolution"], said["current_value"]) == ("system", "auto", 70)


def test_r7_resolving_again_keeps_who_and_when(world: World, waiting: Alert, heard: Hear):
    world.resolve(waiting)
    world.now += timedelta(minutes=5)
    with heard(STREAM) as events:
        again = world.resolve(waiting, by="omar")
    assert (len(events), again.resolved_by, again.resolved_at) == (0, "dana", TEN)


# --- R9, R10, R11 ----------------------------------------------------------------------------------------------------
STEPS = [
    {"after_seconds": 300, "to": "supervisors"},
    {"after_seconds": 600, "to": "managers", "raise_severity": "critical"},
]


def test_r9_each_step_comes_once_and_may_raise_the_severity(world: World, heard: Hear):
    world.rule(escalation=STEPS)
    world.judge(95, 0)
    with heard(STREAM) as events:
        for seconds in (299, 300, 301, 600, 601, 5000):
            world.run_timers(seconds)
    assert names(events) == ["alert:escalated"] * 2
    assert [event["data"]["escalation_level"] for event in events] == [1, 2]
    assert [event["data"]["severity"] for event in events] == ["high", "critical"]
    assert list(Notification.objects.filter(transition="escalated").values_list("to", flat=True)) == [
        "supervisors",
        "managers",
    ]


def test_r10_an_acknowledgement_that_ran_out_waits_again(world: World, heard: Hear):
    world.rule(ack_timeout_seconds=600)
    world.judge(95, 0)
    world.acknowledge(world.alert)
    world.judge(95, 599)
    assert world.run_timers() == 0
    with heard(STREAM) as events:
        assert world.run_timers(600) == 1
        assert world.run_timers(601) == 0
    assert names(events) == ["alert:triggered"]
    assert (events[0]["data"]["reminder"], events[0]["data"]["status"]) == (True, "pending")
    line = world.alert.audit.last()
    assert (line.from_status, line.to_status, line.note) == (
        "acknowledged",
        "pending",
        "Acknowledged by dana, and it goes on.",
    )


def test_r10_what_is_over_does_not_come_back(world: World):
    world.rule(ack_timeout_seconds=600, auto_resolve=False, recover_for_seconds=0)
    world.judge(95, 0)
    world.acknowledge(world.alert)
    world.judge(70, 60)
    assert world.run_timers(700) == 0
    assert (world.alert.status, world.alert.condition_cleared_at) == ("acknowledged", at(60))


def test_r11_snoozed_nobody_is_notified_and_once_it_is_over_everybody_is_once(
    world: World, waiting: Alert, heard: Hear
):
    world.edit(waiting.rule, escalation=STEPS)
    with heard(STREAM) as events:
        world.snooze(waiting, 900)
        world.run_timers(899)
    assert names(events) == ["alert:updated"]
    assert (events[0]["data"]["suppressed"], notified()) == (True, ["triggered"])
    with heard(STREAM) as events:
        world.run_timers(900)
        world.run_timers(901)
    assert names(events) == ["alert:triggered"]
    assert (events[0]["data"]["suppressed"], events[0]["data"]["reminder"]) == (False, True)
    assert notified() == ["triggered", "reminder"]
    world.run_timers(900 + 299)
    assert world.alert.escalation_level == 0
    world.run_timers(900 + 300)
    assert world.alert.escalation_level == 1


def test_r11_in_a_silence_the_record_is_made_and_seen_but_nobody_is_notified(world: World, heard: Hear):
    rule = world.rule()
    silence = rule_services.create_silence(
        organization=world.organization,
        fields={"rule_id": rule.pk, "ends_at": at(600), "comment": "telephone works"},
        actor=OWNER,
        now=TEN,
    )
    with heard(STREAM) as events:
        world.judge(95, 60)
    assert (names(events), events[0]["data"]["suppressed"], notified()) == (["alert:triggered"], True, [])
    assert world.run_timers(300) == 0
    rule_services.end_silence(silence=silence, now=at(301))
    world.run_timers(302)
    assert (world.alert.suppressed, notified()) == (False, ["reminder"])


def test_a_silence_that_begins_later_mutes_what_is_open_already(world: World, waiting: Alert, heard: Hear):
    fields = {"queue_name": "support", "starts_at": at(60), "ends_at": at(600), "comment": "fire drill"}
    rule_services.create_silence(organization=world.organization, fields=fields, actor=OWNER, now=TEN)
    assert world.run_timers(59) == 0
    with heard(STREAM) as events:
        world.run_timers(60)
        world.run_timers(75)
    assert (names(events), world.history(waiting)[-1]) == (["alert:updated"], "silenced")


def test_reminders_come_as_often_as_the_rule_says(world: World):
    world.rule(repeat_seconds=300)
    world.judge(95, 0)
    for seconds in range(0, 901, 15):
        world.run_timers(seconds)
    assert notified() == ["triggered", "reminder", "reminder", "reminder"]


# --- rules that change, and what is gone -----------------------------------------------------------------------------
def test_e12_a_changed_question_keeps_the_record_and_notes_it(world: World, waiting: Alert, heard: Hear):
    with heard(STREAM) as events:
        world.edit(waiting.rule, threshold=97, clear_threshold=96)
    assert (names(events), world.history()[-1]) == (["alert:updated"], "rule changed")
    assert (events[0]["data"]["threshold_value"], world.statuses()) == (97, ["pending"])
    assert RuleState.objects.get().phase == "firing"
    world.again(30)  # 95, which was judged already, is judged again by the edited rule: healthy
    assert world.statuses() == ["resolved"]


def test_e12_a_disabled_rule_resolves_what_it_raised(world: World, waiting: Alert, heard: Hear):
    with heard(STREAM) as events:
        world.edit(waiting.rule, enabled=False)
    assert (names(events), events[0]["data"]["resolution"]) == (["alert:resolved"], "rule_disabled")
    world.judge(99, 60)
    assert world.statuses() == ["resolved"]


def test_a_deleted_rule_resolves_what_it_raised_and_its_history_stays(world: World, waiting: Alert):
    rule_services.delete_rule(organization=world.organization, rule_id=waiting.rule_id, actor=OWNER, now=at(60))
    assert world.statuses() == ["resolved"]
    assert [change.action for change in waiting.rule.history.all()] == ["created", "deleted"]
    with pytest.raises(NotFound):
        world.edit(waiting.rule, threshold=80)


def test_a_queue_that_is_gone_leaves_no_alert_behind(world: World, waiting: Alert, heard: Hear):
    assert world.resolve_unreachable() == 0
    Queue.objects.filter(name="support").delete()
    with heard(STREAM) as events:
        assert world.resolve_unreachable() == 1
    assert events[0]["data"]["resolution"] == "orphaned"


def test_a_rule_that_looks_elsewhere_now_leaves_no_alert_behind(world: World, waiting: Alert):
    world.edit(waiting.rule, queue_name="billing")
    assert world.resolve_unreachable() == 0
    assert world.alert.resolution == "orphaned"
