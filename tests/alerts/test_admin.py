"""The pages of rule owners, as a browser posts them."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.forms import Field
from django.test import Client
from django.urls import reverse

from alerts import selectors
from alerts.admin.fields import HoursField, SpanField, ValueField
from alerts.models import Alert, Rule, RuleChange, Silence
from intraday.org.models import Organization, Scope
from kpi.models import KPISnapshot
from tests.alerts.rule_forms import fields
from tests.alerts.world import World, at

ADD = reverse("admin:alerts_rule_add")
PREVIEW = reverse("admin:alerts_rule_preview")


@pytest.fixture
def owner(client: Client, organization: Organization) -> Client:
    client.force_login(get_user_model().objects.create_superuser("rosa"))
    return client


def page(name, rule):
    return reverse(f"admin:alerts_rule_{name}", args=[rule.pk])


def made(owner, *steps, **changed) -> Rule:
    answer = owner.post(ADD, fields(*steps, **changed))
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    return Rule.objects.get(name=changed.get("name", "Support too busy"))


def text(answer) -> str:
    return " ".join(answer.content.decode().split())


def test_a_rule_is_made_of_pickers_and_plain_words(owner):
    form = text(owner.get(ADD))
    assert '<optgroup label="kpi">' in form
    assert "occupancy (percent)" in form
    rule = made(owner, ("15 min", "supervisor", ""), ("1 h", "admin", "critical"))
    assert selectors.in_words(rule) == (
        "For support: when occupancy is over 92 % for 10 min, raise a high alert. It is over after 2 min at most 88 %. "
        "After 15 min unattended, tell supervisor. After 1 h unattended, tell admin and raise it to critical."
    )
    assert selectors.in_words(rule) in text(owner.get(page("change", rule)))
    assert RuleChange.objects.get().actor == "rosa"


def test_hours_of_the_week_are_lines(owner):
    rule = made(owner, active_hours="mon-fri 08:00-18:00\r\nsat,sun 22:00-06:00", time_zone="Europe/Berlin")
    assert rule.active_hours[1] == {"days": ["sat", "sun"], "start": "22:00", "end": "06:00"}
    assert "mon,tue,wed,thu,fri 08:00-18:00" in text(owner.get(page("change", rule)))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"threshold": "920"}, "Expected a percentage from 0 to 100."),
        ({"threshold": "many"}, "Expected a finite number."),
        ({"clear_threshold": "95"}, "Healthy is at or below the threshold, 92."),
        ({"metric": "kpi:utilization.status", "threshold": "busy"}, "One of low, ok, high, critical."),
        ({"metric": "attendance:attendance_rate"}, "for organization and department only"),
        ({"for_seconds": "soon"}, "A span of time"),
        ({"active_hours": "weekends"}, "is not like"),
        ({"active_hours": "mon-fry 08:00-18:00"}, "is not like"),
        ({"active_hours": "mon 8-18"}, "is not a span"),
        ({"time_zone": "Mars"}, "This is not the name of a time zone. Expected one such as Europe/Berlin."),
    ],
)
def test_a_wrong_rule_is_refused_beside_its_field(owner, changed, said):
    answer = owner.post(ADD, fields(**changed))
    assert answer.status_code == 200
    assert said in text(answer)
    assert not Rule.objects.exists()


def test_a_row_of_escalation_that_is_wrong_is_refused(owner):
    assert "A span of time" in text(owner.post(ADD, fields(("soon", "supervisor", ""))))
    same = owner.post(ADD, fields(("5 min", "supervisor", ""), ("5 min", "admin", "")))
    assert same.status_code == 200
    assert not Rule.objects.exists()


def test_a_change_is_remembered_with_old_and_new_value_and_who(owner):
    rule = made(owner, ("15 min", "supervisor", ""))
    changed = fields(("30 min", "admin", ""), threshold="90", clear_threshold="85", seen_version="1")
    assert owner.post(page("change", rule), changed).status_code == 302
    rule.refresh_from_db()
    assert (rule.threshold, rule.version) == (90, 2)
    assert [(step.after_seconds, step.to) for step in rule.escalation.all()] == [(1800, "admin")]
    history = text(owner.get(page("history", rule)))
    assert "<td>threshold</td><td>92</td> <td>90</td>" in history
    assert "<td>rosa</td>" in history


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(owner, world: World):
    rule = made(owner)
    world.edit(rule, threshold=91)
    answer = owner.post(page("change", rule), fields(threshold="95", seen_version="1"))
    assert "it is now version 2" in text(answer)
    rule.refresh_from_db()
    assert rule.threshold == 91


def test_rules_are_disabled_enabled_and_deleted_by_the_service(owner, world: World):
    rule = made(owner, for_seconds="")
    world.judge(95, 0)
    chosen = {"_selected_action": [str(rule.pk)], "action": "disable"}
    owner.post(reverse("admin:alerts_rule_changelist"), chosen)
    assert world.alert.resolution == "rule_disabled"
    owner.post(reverse("admin:alerts_rule_changelist"), {**chosen, "action": "enable"})
    assert owner.post(page("delete", rule), {"post": "yes"}).status_code == 302
    assert list(RuleChange.objects.values_list("action", flat=True)) == ["created", "changed", "changed", "deleted"]
    assert world.alert.rule == rule
    assert owner.get(reverse("admin:alerts_rule_changelist")).context["cl"].result_count == 0


@pytest.fixture
def busy_hour(organization: Organization) -> datetime:
    """An hour in which support was at 91 % and, for its second half, at 95 %. Until when."""
    scope = Scope.objects.get(organization=organization, queue_name="support")
    figures = [_kpi(scope, at(60 * minute), 91 if minute < 30 else 95) for minute in range(60)]
    KPISnapshot.objects.bulk_create(figures)
    return at(3600)


def _kpi(scope, when, occupancy):
    figure = {"utilization": {"occupancy": occupancy}, "quality": "ok", "latest": True}
    return KPISnapshot(scope=scope, time=when, saved_at=when, expires_at=when, figure=json.dumps(figure).encode())


def test_an_unsaved_draft_is_previewed_beside_the_rule_as_it_is(owner, busy_hour):
    rule = made(owner)
    before = selectors.rule_fields(Rule.objects.get())
    with time_machine.travel(busy_hour, tick=False):
        answer = owner.post(f"{PREVIEW}?rule={rule.pk}", fields(threshold="90", clear_threshold="", seen_version="1"))
    shown = text(answer)
    assert "when occupancy is over 90 % for 10 min" in shown
    assert "As it is now: occupancy is over 92 % for 10 min. 1 alert" in shown
    assert "This draft: occupancy is over 90 % for 10 min. 1 alert" in shown
    assert "01-31 10:40:00" in shown  # since 10:30 over 92
    assert "01-31 10:10:00" in shown  # the draft
    assert shown.count("<svg viewBox") == 2
    assert 'aria-label="dept_456 / support: occupancy from 91 % to 95 %; over 90 %: 1 alert, 50 min"' in shown
    assert selectors.rule_fields(Rule.objects.get()) == before
    assert not Alert.objects.exists()


def test_a_rule_that_is_not_saved_yet_is_previewed_alone(owner, busy_hour):
    with time_machine.travel(busy_hour, tick=False):
        shown = text(owner.post(PREVIEW, fields()))
    assert "This draft: occupancy is over 92 % for 10 min. 1 alert" in shown
    assert "As it is now" not in shown
    assert not Rule.objects.exists()


def test_a_draft_that_is_wrong_says_why_instead(owner):
    assert "Expected a percentage from 0 to 100." in text(owner.post(PREVIEW, fields(threshold="920")))
    assert "not complete" in text(owner.post(PREVIEW, fields(("soon", "supervisor", ""))))


def test_silences_need_an_end_and_are_ended_early(owner, world: World):
    add = reverse("admin:alerts_silence_add")
    now = datetime.now(UTC)
    begin = {"starts_at_0": f"{now:%Y-%m-%d}", "starts_at_1": f"{now:%H:%M:%S}"}
    body = {"organization": "org_123", "comment": "moving offices", "queue_name": "support", **begin}
    assert owner.get(add).status_code == 200
    assert "required" in text(owner.post(add, {**body, "ends_at_0": "", "ends_at_1": ""}))
    late = now + timedelta(days=30)
    too_long = {"ends_at_0": f"{late:%Y-%m-%d}", "ends_at_1": "10:00:00"}
    assert "At most 7 days" in text(owner.post(add, {**body, **too_long}))
    end = now + timedelta(hours=5)
    assert owner.post(add, {**body, "ends_at_0": f"{end:%Y-%m-%d}", "ends_at_1": f"{end:%H:%M:%S}"}).status_code == 302
    silence = Silence.objects.get()
    assert (silence.created_by, silence.queue_name) == ("rosa", "support")
    ended = {"_selected_action": [str(silence.pk)], "action": "end"}
    owner.post(reverse("admin:alerts_silence_changelist"), ended)
    silence.refresh_from_db()
    assert silence.ends_at < end


def test_alerts_are_read_acknowledged_and_resolved_with_their_history(owner, world: World):
    world.rule()
    world.judge(95, 0)
    shown = reverse("admin:alerts_alert_change", args=[world.alert.pk])
    assert "support: occupancy is 95 % (over 90 %)" in text(owner.get(shown))
    act = reverse("admin:alerts_alert_act", args=[world.alert.pk, "acknowledge"])
    assert owner.post(act, {"note": "calling in two"}).status_code == 302
    assert (world.alert.status, world.alert.acknowledged_by, world.alert.note) == (
        "acknowledged",
        "rosa",
        "calling in two",
    )
    chosen = {"_selected_action": [str(world.alert.pk)], "action": "resolve"}
    owner.post(reverse("admin:alerts_alert_changelist"), chosen)
    assert (world.alert.status, world.alert.resolved_by) == ("resolved", "rosa")
    again = owner.post(reverse("admin:alerts_alert_changelist"), {**chosen, "action": "acknowledge"}, follow=True)
    assert "rosa resolved it" in text(again)
    assert "calling in two" in text(owner.get(shown))


def test_alerts_cannot_be_made_changed_or_deleted(owner, world: World):
    world.rule()
    world.judge(95, 0)
    assert owner.get(reverse("admin:alerts_alert_add")).status_code == 403
    assert owner.get(reverse("admin:alerts_alert_delete", args=[world.alert.pk])).status_code == 403
    assert (
        owner.post(reverse("admin:alerts_alert_change", args=[world.alert.pk]), {"severity": "low"}).status_code == 403
    )
    assert world.alert.severity == "high"


def test_nothing_inline_stands_on_these_pages(owner, world: World):
    rule = made(owner, ("15 min", "supervisor", ""))
    world.judge(95, 0)
    for shown in (
        owner.get(page("change", rule)),
        owner.post(PREVIEW, fields(name="x")),
        owner.get(page("history", rule)),
    ):
        assert "style=" not in text(shown)
        assert "onclick=" not in text(shown)


BAD_NUMBERS = {
    "threshold": ["1,000", "1.000", "1 000", "1'000", "9,2,1", "12.345", "92 %", "1_000"],
    "clear_threshold": ["1,000", "1.000"],
    "for_seconds": ["1,000", "1.000 s", "1 000", "10 5", "1.5 h", "1:30", "-5 min", "ten"],
    "cooldown_seconds": ["1,000 s", "1 000"],
}


@pytest.mark.parametrize(("name", "typed"), [(name, typed) for name, texts in BAD_NUMBERS.items() for typed in texts])
def test_a_number_with_separators_is_refused_and_not_shortened(owner: Client, name: str, typed: str):
    answer = owner.post(ADD, fields(**{name: typed}))
    assert answer.status_code == 200
    [said] = answer.context["adminform"].form.errors[name]
    assert f"'{typed}'" in said
    assert not Rule.objects.exists()


@pytest.mark.parametrize(("typed", "value"), [("87,5", 87.5), ("87.5", 87.5), ("92", 92), ("90.25", 90.25)])
def test_a_plain_threshold_is_taken_as_typed(owner: Client, typed: str, value: float):
    assert owner.post(ADD, fields(threshold=typed, clear_threshold="")).status_code == 302
    assert Rule.objects.get().threshold == value


@pytest.mark.parametrize(
    ("typed", "seconds"), [("90", 90), ("90 s", 90), ("1 h 30 min", 5_400), ("1h30min", 5_400), ("2 d", 172_800)]
)
def test_a_span_is_the_sum_of_its_parts(owner: Client, typed: str, seconds: int):
    assert owner.post(ADD, fields(for_seconds=typed)).status_code == 302
    assert Rule.objects.get().for_seconds == seconds


@pytest.mark.parametrize(
    ("field", "text"),
    [
        (SpanField, "1" * 65),
        (SpanField, "1" * 24 + "!"),
        (SpanField, "1 m " * 16 + "!"),
        (SpanField, "9" * 5000),
        (ValueField, "9" * 400),
        (ValueField, "1" * 5000 + "."),
        (HoursField, "mon," * 600 + "tue 08:00-18:00"),
        (HoursField, "mon 08:00-18:00\n" * 200),
    ],
)
def test_text_too_long_to_mean_anything_is_refused_before_it_is_read(field: type[Field], text: str):
    with pytest.raises(ValidationError) as refused:
        field().clean(text)
    assert len(str(refused.value)) < 400


def test_the_longest_span_that_fits_is_a_number_of_seconds():
    assert SpanField().clean("9" * 64) == int("9" * 64)
