"""Complaints of users of other alert engines, each of which cannot happen here."""

from datetime import timedelta

import pytest

from alerts import services
from alerts.models import Alert, Notification, RuleState
from alerts.notifications import notification_outbox
from alerts.services import Conflict
from intraday.org.models import Queue
from tests.access.people import browser_of, person
from tests.alerts.world import World, at, names, occupancy
from tests.heard import Hear

STREAM = "alerts:org:org_123"
AT_ONCE = {"recover_for_seconds": 0, "cooldown_seconds": 0}


def test_an_acknowledgement_that_comes_as_the_alert_resolves_does_not_open_it_again(world: World):
    """grafana oncall 3161"""
    world.rule(**AT_ONCE)
    world.judge(95, 0)
    alert = world.alert
    world.judge(70, 60)
    with pytest.raises(Conflict):
        world.acknowledge(alert)
    assert world.statuses() == ["resolved"]


def test_repeated_answers_notify_nobody_again(world: World, heard: Hear):
    """OpsKnight 391"""
    world.rule()
    world.judge(95, 0)
    world.acknowledge(world.alert)
    world.resolve(world.alert)
    notified = Notification.objects.count()
    with heard(STREAM) as events:
        world.resolve(world.alert)
        world.resolve(world.alert)
    assert (len(events), Notification.objects.count()) == (0, notified)


def test_a_resolution_right_after_the_trigger_is_said_too(world: World, heard: Hear):
    """OpsKnight 391: a debounce of "triggered" swallowed "resolved"."""
    world.rule(**AT_ONCE)
    with heard(STREAM) as events:
        world.judge(95, 0)
        world.judge(70, 1)
    assert names(events) == ["alert:triggered", "alert:resolved"]


def test_acknowledging_again_does_not_start_the_clock_again(world: World):
    """hubot-pager-me 56"""
    world.rule(ack_timeout_seconds=600)
    world.judge(95, 0)
    world.acknowledge(world.alert)
    world.now = at(500)
    world.acknowledge(world.alert)
    world.judge(95, 600)
    world.run_timers()
    assert world.statuses() == ["pending"]


def test_nobody_takes_an_acknowledgement_without_saying_so(world: World):
    """hubot-pager-me 56"""
    world.rule()
    world.judge(95, 0)
    world.acknowledge(world.alert, by="dana")
    with pytest.raises(Conflict):
        world.acknowledge(world.alert, by="omar")
    assert world.alert.acknowledged_by == "dana"


def test_what_was_resolved_while_it_went_on_fires_anew_after_the_cooldown(world: World):
    """flapjack 860"""
    world.rule(cooldown_seconds=300)
    world.judge(95, 0)
    first = world.resolve(world.alert)
    world.judge(95, 60)
    assert world.statuses() == ["resolved"]
    world.judge(95, 300)
    assert world.statuses() == ["resolved", "pending"]
    assert world.alert.previous_id == first.pk


def test_seeing_an_alert_again_wipes_no_note_and_no_snooze(world: World):
    """keep 2292"""
    world.rule()
    world.judge(95, 0)
    world.acknowledge(world.alert, note="vendor called")
    world.snooze(world.alert, 900)
    world.judge(97, 60)
    alert = world.alert
    assert (alert.note, alert.acknowledged_by, alert.snoozed_until) == ("vendor called", "dana", at(900))


def test_seeing_the_same_value_again_still_counts(world: World):
    """keep 2316"""
    world.rule()
    world.judge(95, 0)
    world.judge(95, 60)
    assert (world.alert.occurrence_count, world.alert.last_seen_at) == (2, at(60))


def test_a_snooze_is_heard_by_every_room_of_the_scope(world: World, heard: Hear):
    """keep 5146: a dismissal was not seen in another browser."""
    world.rule()
    world.judge(95, 0)
    with heard(STREAM) as events:
        world.snooze(world.alert, 900)
    [event] = events
    assert (event["data"]["queue_name"], event["data"]["snoozed_until"]) == ("support", "2026-01-31T10:15:00Z")


def test_a_snoozed_alert_is_listed_and_says_until_when(world: World, api):
    """keep 4828, 3530"""
    world.rule()
    world.judge(95, 0)
    world.snooze(world.alert, 900)
    [item] = api.get("/api/alerts", {"status": "pending"}).json()["items"]
    assert (item["suppressed"], item["snoozed_until"]) == (True, "2026-01-31T10:15:00Z")


def test_a_snooze_that_is_undone_is_over_with_the_next_timers(world: World, heard: Hear):
    world.rule()
    world.judge(95, 0)
    world.snooze(world.alert, 900)
    services.unsnooze(caller=world.caller("ben"), alert_id=world.alert.pk, now=world.now)
    alert = world.alert
    assert alert.snoozed_until is None
    assert alert.audit.get(reason="snooze ended").actor == "ben"
    services.unsnooze(caller=world.caller("ben"), alert_id=world.alert.pk, now=world.now)  # nothing is left to end
    assert world.alert.version == alert.version
    with heard(STREAM) as events:
        assert world.run_timers(15) == 1
    assert [event["data"]["suppressed"] for event in events] == [False]


def test_a_value_that_flaps_around_the_threshold_is_one_alert(world: World, heard: Hear):
    """prometheus 6504, 6816; alertmanager 204; grafana 7886"""
    world.rule(threshold=90, clear_threshold=85, recover_for_seconds=120)
    with heard(STREAM) as events:
        for minute, value in enumerate([91, 89, 91, 88, 92, 84, 91, 84, 86, 91]):
            world.judge(value, 60 * minute)
    assert names(events) == ["alert:triggered"]


def test_missing_figures_resolve_nothing_and_fire_nothing_anew(world: World, heard: Hear):
    """prometheus 14085; alertmanager 952, 1546"""
    world.rule()
    world.judge(95, 0)
    with heard(STREAM) as events:
        for minute in range(1, 60):
            world.judge(None, 60 * minute)
        world.judge(95, 3600)
    assert (len(events), world.statuses()) == (0, ["pending"])


def test_one_late_figure_is_not_silence_yet(world: World):
    """A figure may say that it is stale; for three rounds of judging it still counts."""
    world.rule()
    scope = world.scope()
    world.kpi.show(scope, at(0), occupancy(95, quality="stale"))
    world.again(170)
    assert world.statuses() == ["pending"]
    world.kpi.show(scope, at(10), occupancy(70, quality="stale"))
    world.again(300)
    assert RuleState.objects.get().data == "no_data"
    assert world.statuses() == ["pending"]


def test_silence_has_a_patience_of_its_own(world: World):
    """grafana 16290"""
    world.rule(no_data_mode="alert", no_data_for_seconds=300)
    world.judge(None, 0)
    world.judge(None, 299)
    assert world.alerts == []
    world.judge(None, 300)
    assert world.alert.kind == "nodata"


def test_the_end_of_silence_is_said(world: World, heard: Hear):
    """grafana 17780"""
    world.rule(no_data_mode="alert", no_data_for_seconds=0)
    world.judge(None, 0)
    with heard(STREAM) as events:
        world.judge(50, 60)
    assert names(events) == ["alert:resolved"]


def test_silence_is_a_low_matter_of_its_own(world: World):
    """grafana 26347: no data paged on-call."""
    world.rule(severity="critical", no_data_mode="alert", no_data_for_seconds=0, escalation=STEPS)
    world.judge(None, 0)
    assert world.alert.severity == "low"
    assert world.run_timers(3600) == 0


def test_keep_last_keeps_the_last(world: World, heard: Hear):
    """grafana 101290"""
    world.rule(no_data_mode="keep_last", no_data_for_seconds=0)
    world.judge(95, 0)
    with heard(STREAM) as events:
        world.judge(None, 86_400)
    assert (len(events), world.statuses(), RuleState.objects.get().phase) == (0, ["pending"], "firing")


def test_a_dip_between_samples_resets_the_clock(world: World):
    """grafana 46912"""
    world.rule(for_seconds=300)
    for seconds, value in [(0, 95), (240, 95), (270, 85), (330, 95), (600, 95)]:
        world.judge(value, seconds)
    assert world.alerts == []
    world.judge(95, 630)
    assert world.statuses() == ["pending"]


def test_everybody_sees_who_works_on_it(world: World, heard: Hear):
    """alertmanager 1860"""
    world.rule()
    world.judge(95, 0)
    with heard(STREAM) as events:
        world.acknowledge(world.alert, note="looking")
    assert (events[0]["data"]["acknowledged_by"], events[0]["data"]["note"]) == ("dana", "looking")
    viewer = browser_of(person("vic", world.organization))
    assert viewer.get(f"/api/alerts/{world.alert.pk}").json()["acknowledged_by"] == "dana"


def test_what_was_acknowledged_and_forgotten_comes_back(world: World):
    """karma 6314; oncall 1792"""
    world.rule(ack_timeout_seconds=600)
    world.judge(95, 0)
    world.acknowledge(world.alert)
    world.judge(95, 540)
    world.run_timers(600)
    assert (world.statuses(), world.history()[-1]) == (["pending"], "acknowledgement ran out")


STEPS = [{"after_seconds": 60, "to": "supervisors"}, {"after_seconds": 120, "to": "managers"}]


def test_nothing_escalates_after_the_acknowledgement(world: World):
    """oncall 4654, 4760"""
    world.rule(escalation=STEPS)
    world.judge(95, 0)
    world.run_timers(60)
    world.acknowledge(world.alert)
    assert world.run_timers(120) == 0
    [escalation] = Notification.objects.filter(transition="escalated")
    assert notification_outbox.drop_reason(escalation, world.alert, now=at(121)) == "acknowledged meanwhile"


@pytest.mark.parametrize("acknowledged", [True, False])
def test_an_alert_of_two_months_ago_wakes_nobody(world: World, acknowledged: bool):
    """oncall 3111"""
    world.rule(escalation=STEPS, ack_timeout_seconds=600, repeat_seconds=600)
    world.judge(95, 0)
    if acknowledged:
        world.acknowledge(world.alert)
    assert world.run_timers(60 * 86_400) == 0


def test_an_acknowledged_alert_whose_queue_is_gone_does_not_stay_for_ever(world: World):
    """openduty 14"""
    world.rule()
    world.judge(95, 0)
    world.acknowledge(world.alert)
    Queue.objects.filter(name="support").delete()
    world.resolve_unreachable()
    assert (world.alert.status, world.alert.resolution) == ("resolved", "orphaned")


def test_where_a_person_must_look_nothing_resolves_by_itself(world: World, heard: Hear):
    """va.gov 8057"""
    world.rule(auto_resolve=False, recover_for_seconds=0)
    world.judge(95, 0)
    with heard(STREAM) as events:
        world.judge(70, 60)
        world.judge(70, 120)
    assert (names(events), world.statuses()) == (["alert:updated"], ["pending"])
    assert events[0]["data"]["condition_cleared_at"] == "2026-01-31T10:01:00Z"
    world.judge(95, 180)
    assert (len(world.alerts), world.alert.condition_cleared_at) == (1, None)


def test_a_new_cooldown_counts_at_once(world: World):
    """elastalert 2304"""
    rule = world.rule(cooldown_seconds=86_400, recover_for_seconds=0)
    world.judge(95, 0)
    world.judge(70, 60)
    world.judge(95, 120)
    assert world.statuses() == ["resolved"]
    world.edit(rule, cooldown_seconds=60)
    world.judge(95, 180)
    assert world.statuses() == ["resolved", "pending"]


def test_one_breach_is_one_alert_however_often_it_is_judged(world: World):
    """elastalert 939"""
    world.rule()
    world.judge(95, 0)
    for seconds in range(1, 10):
        world.again(seconds)
    assert (len(world.alerts), world.alert.occurrence_count) == (1, 1)


def test_what_a_rule_says_is_checked_before_it_is_stored(world: World, api):
    """elastalert 2098: a setting of the wrong type"""
    rule = world.rule()
    admin = api_of_admin(world)
    answer = admin.patch(f"/api/alerts/rules/{rule.pk}", {"threshold": "ninety"}, format="json")
    assert (answer.status_code, answer.json()["errors"]) == (400, {"threshold": ["Expected a finite number."]})
    world.judge(95, 0)
    assert world.statuses() == ["pending"]


def test_acknowledging_one_queue_mutes_no_other(world: World):
    """hyperdx 2599"""
    world.rule()
    world.kpi.show(world.scope("billing"), at(0), occupancy(95))
    world.judge(95, 0)
    support, billing = (Alert.objects.get(scope__queue_name=name) for name in ("support", "billing"))
    world.acknowledge(support)
    billing.refresh_from_db()
    assert (billing.status, billing.suppressed) == ("pending", False)


def test_what_ends_within_a_second_sends_nothing_late(world: World):
    """goalert 4545"""
    world.rule(**AT_ONCE)
    world.judge(95, 0)
    world.judge(70, 0.5)
    [triggered, resolved] = Notification.objects.order_by("id")
    assert notification_outbox.drop_reason(triggered, world.alert, now=at(1)) == "resolved meanwhile"
    assert notification_outbox.drop_reason(resolved, world.alert, now=at(1)) == ""
    assert notification_outbox.drop_reason(resolved, world.alert, now=at(1) + timedelta(hours=24)) == "too late"


def api_of_admin(world: World):
    from tests.access.people import browser_of, person

    return browser_of(person("rosa", world.organization, "admin"))
