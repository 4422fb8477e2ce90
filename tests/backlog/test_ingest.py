"""Results and events of posted rows (docs/ingest.md, DOMAIN 3.6)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from backlog.models import Snapshot
from intraday.org.models import Department, Organization, Queue
from intraday.org.services import add_queues
from tests.backlog.posting import BATCH, CURRENT, ORG, at, events, post, post_batch, post_up, results, row
from tests.heard import Hear
from tests.rest.contract import ContractClient

MISSION_FIELDS = {
    "snapshot_id",
    "organization_id",
    "department_id",
    "queue_name",
    "timestamp",
    "total_items",
    "avg_wait_time_minutes",
    "items_over_sla",
    "sla_compliance_percentage",
    "backlog_trend",
    "items_added_this_interval",
    "items_completed_this_interval",
}


def test_a_new_snapshot_is_created_and_published_with_the_fields_of_the_mission(api: ContractClient, heard: Hear):
    with heard() as published:
        answer = post(api, row(total=20, items_over_sla=1, items_added=4, items_completed=3))
    assert (answer["status"], answer["result"]) == (201, "created")
    event = published[0]
    assert answer["event"] == {"stream": event["stream"], "seq": event["seq"]}
    data = event["data"]
    assert data.keys() >= MISSION_FIELDS
    assert data["snapshot_id"] == answer["snapshot_id"]
    assert (data["organization_id"], data["department_id"], data["queue_name"]) == ("org_123", "dept_456", "support")
    assert data["timestamp"] == "2026-01-31T10:00:00Z"
    assert (data["total_items"], data["avg_wait_time_minutes"]) == (20, 2.5)
    assert (data["items_over_sla"], data["sla_compliance_percentage"]) == (1, 95.0)
    assert (data["items_added_this_interval"], data["items_completed_this_interval"]) == (4, 3)
    assert (data["backlog_trend"], data["flow_source"], data["quality"]) == ("stable", "explicit", "ok")
    assert data["derived"] is False


def test_both_paths_are_one_service(api: ContractClient):
    assert post(api, row(), "/api/schedulesbacklog/ingest")["result"] == "created"
    assert post(api, row(), "/api/intraday/backlog/ingest")["result"] == "duplicate"
    assert results(post(api, {"items": [row()]}, "/api/intraday/backlog/batch-ingest")) == ["duplicate"]


def test_the_same_row_again_is_a_duplicate_and_no_event(api: ContractClient, heard: Hear):
    first = post(api, row())
    with heard() as published:
        again = post(api, row())
    assert (again["status"], again["result"], again["event"]) == (201, "duplicate", None)
    assert again["snapshot_id"] == first["snapshot_id"]
    assert published == []


@pytest.mark.parametrize(
    "same",
    [
        pytest.param({"snapshot_time": "2026-01-31T12:00:00+02:00"}, id="the same instant in another zone"),
        pytest.param({"snapshot_time": "2026-01-31T10:00:00.000Z"}, id="the same instant with a fraction"),
        pytest.param({"organization_id": "org_123", "department_id": "dept_456"}, id="scope spelled out"),
        pytest.param({"items_added": None, "items_completed": None}, id="null for left out"),
        pytest.param({"total_items": 10.0, "average_wait_time_minutes": 2.50}, id="the same numbers"),
    ],
)
def test_another_spelling_of_the_same_row_is_a_duplicate(api: ContractClient, same: dict[str, object]):
    post(api, row())
    assert post(api, {**row(), **same})["result"] == "duplicate"


@pytest.mark.parametrize(
    "other",
    [
        {"total_items": 11},
        {"average_wait_time_minutes": 2.51},
        {"items_over_sla": 1},
        {"sla_at_risk_count": 1},
        {"sla_compliance_percentage": 90},
        {"items_added": 1, "items_completed": 1},
        {"items_added_total": 1},
        {"items_completed_total": 1},
        {"oldest_item_age_minutes": 5},
    ],
    ids=lambda other: next(iter(other)),
)
def test_other_values_correct_the_newest_row_and_are_heard(api: ContractClient, heard: Hear, other: dict[str, object]):
    first = post(api, row())
    with heard() as published:
        answer = post(api, row(**other))
    assert (answer["result"], answer["snapshot_id"]) == ("corrected", first["snapshot_id"])
    assert answer["event"]["seq"] == published[0]["seq"]
    assert published.scopes[0] == "support"
    assert Snapshot.objects.filter(derived=False).count() == 1


def test_a_correction_back_is_a_correction_too(api: ContractClient):
    outcomes = [post(api, row(total=total))["result"] for total in (10, 11, 10, 10)]
    assert outcomes == ["created", "corrected", "corrected", "duplicate"]


def test_a_correction_of_an_older_row_is_stored_and_not_sent(api: ContractClient, heard: Hear):
    post_batch(api, row(minutes=0), row(minutes=15))
    with heard() as published:
        answer = post(api, row(minutes=0, total=99))
    assert (answer["result"], answer["event"]) == ("corrected", None)
    assert published == []
    assert Snapshot.objects.get(pk=answer["snapshot_id"]).total_items == 99


def test_a_row_older_than_the_newest_is_late_and_not_sent(api: ContractClient, heard: Hear):
    post(api, row(minutes=15, total=10))
    with heard() as published:
        answer = post(api, row(minutes=0, total=99))
        again = post(api, row(minutes=0, total=99))
    assert (answer["status"], answer["result"], answer["event"]) == (201, "late", None)
    assert (again["result"], again["snapshot_id"]) == ("duplicate", answer["snapshot_id"])
    assert published == []
    assert Snapshot.objects.get(pk=answer["snapshot_id"]).total_items == 99


def test_of_a_batch_only_the_newest_row_of_each_scope_is_sent(api: ContractClient, heard: Hear):
    with heard() as published:
        answer = post_batch(
            api,
            row("support", 15, total=1),
            row("billing", 0, total=2),
            row("support", 30, total=3),
            row("support", 0, total=4),
        )
    assert answer["status"] == 201
    assert results(answer) == ["superseded", "created", "created", "superseded"]
    assert events(answer) == [None, published[1]["seq"], published[0]["seq"], None]
    assert [(name, event["data"]["total_items"]) for name, event in zip(published.scopes, published, strict=True)][
        :2
    ] == [("support", 3), ("billing", 2)]
    assert Snapshot.objects.filter(derived=False).count() == 4


def test_a_batch_that_reaches_back_behind_the_newest_has_late_rows(api: ContractClient):
    post(api, row(minutes=20))
    answer = post_batch(api, row(minutes=0), row(minutes=40), row(minutes=30), row(minutes=20, total=77))
    assert results(answer) == ["late", "created", "superseded", "corrected"]
    assert [event is not None for event in events(answer)] == [False, True, False, False]


def test_the_same_batch_retried_is_all_duplicates_and_silent(api: ContractClient, heard: Hear):
    batch = [row(queue, minutes, total=minutes) for queue in ("support", "billing") for minutes in (0, 15, 30)]
    first = post_batch(api, *batch)
    with heard() as published:
        again = post_batch(api, *batch)
    assert results(again) == ["duplicate"] * 6
    assert events(again) == [None] * 6
    assert [r["snapshot_id"] for r in again["results"]] == [r["snapshot_id"] for r in first["results"]]
    assert published == []


def test_of_two_rows_of_one_scope_and_time_the_later_counts(api: ContractClient, heard: Hear):
    with heard() as published:
        answer = post_batch(api, row(total=10), row(total=11))
    assert results(answer) == ["superseded", "created"]
    assert events(answer) == [None, published[0]["seq"]]
    assert answer["results"][0]["snapshot_id"] == answer["results"][1]["snapshot_id"]
    assert published.of("support")["total_items"] == 11
    assert [snapshot.total_items for snapshot in Snapshot.objects.filter(derived=False)] == [11]


def test_a_batch_that_contradicts_itself_can_be_retried_in_silence(api: ContractClient, heard: Hear):
    batch = [row(total=10), row(total=11), row("billing", total=3)]
    post_batch(api, *batch)
    with heard() as published:
        again = post_batch(api, *batch)
    assert results(again) == ["superseded", "duplicate", "duplicate"]
    assert events(again) == [None, None, None]
    assert published == []


def test_a_row_that_comes_twice_in_one_batch_is_stored_once(api: ContractClient, heard: Hear):
    with heard() as published:
        answer = post_batch(api, row(), row())
    assert results(answer) == ["created", "duplicate"]
    assert published.scopes.count("support") == 1


# --- which scope -----------------------------------------------------------------------------------------------------
def test_a_department_left_out_is_filled_in_where_the_name_is_unique(api: ContractClient, heard: Hear):
    with heard() as published:
        post(api, row("billing"))
    assert published.of("billing")["department_id"] == "dept_456"


def test_an_ambiguous_queue_is_refused_with_the_candidates(
    api: ContractClient, organization: Organization, rows_stored: Callable[[], dict[str, int]]
):
    add_queues(organization, [("dept_789", "support")])
    before = rows_stored()
    answer = post(api, row("support"))
    assert (answer["status"], answer["code"]) == (400, "invalid")
    assert answer["errors"] == {"department_id": ["Queue 'support' is in dept_456 and dept_789: name one."]}
    assert rows_stored() == before
    assert post(api, row("support", department_id="dept_789"))["result"] == "created"


def test_two_departments_may_each_have_a_queue_of_one_name_and_the_feed_is_told(
    api: ContractClient, rows_stored: Callable[[], dict[str, int]]
):
    answer = post(api, row("support", department_id="dept_789"))
    assert answer["result"] == "created"
    assert answer["warnings"] == [
        "Department 'dept_789' is new and was created: check the spelling if you did not mean that.",
        "Queue 'support' of department 'dept_789' is new and was created: check the spelling if you did not mean that.",
    ]
    assert "warnings" not in post(api, row("support", 15, department_id="dept_789"))
    before = rows_stored()
    assert post(api, row("support", 30))["errors"].keys() == {"department_id"}  # of which department is not said
    assert rows_stored() == before


def test_each_created_queue_is_told_once_in_a_batch_and_told_of_by_a_dry_run(api: ContractClient):
    rows = [row("fraud"), row("fraud", 15), row("billing"), row("chat")]
    told = [["Queue 'fraud'"], [], [], ["Queue 'chat'"]]
    for query, verb in (({"dry_run": "true"}, "would be"), ({}, "was")):
        answers = post_batch(api, *rows, **query)["results"]
        warned = [each.get("warnings", []) for each in answers]
        assert [[text.partition(" of ")[0] for text in texts] for texts in warned] == told
        assert all(f"is new and {verb} created" in text for texts in warned for text in texts)


def test_an_organization_may_forbid_feeds_to_create_anything(
    api: ContractClient, organization: Organization, rows_stored: Callable[[], dict[str, int]]
):
    Organization.objects.filter(pk=organization.pk).update(feeds_may_create=False)
    before = rows_stored()
    unknown = {
        ("suport", "dept_456"): "queue_name",
        ("suport", None): "queue_name",
        ("support", "dept_789"): "queue_name",
        (None, "dept_789"): "department_id",
    }
    for (queue, department), field in unknown.items():
        place = {} if department is None else {"department_id": department}
        answer = post(api, row(queue, **place))
        assert (answer["status"], list(answer["errors"])) == (400, [field])
        [said] = answer["errors"][field]
        assert f"'{queue or department}' is unknown" in said
        assert "ask an administrator to add it" in said
    assert rows_stored() == before
    assert post(api, row("support"))["result"] == "created"


@pytest.mark.parametrize("blank", ["", None])
def test_a_blank_queue_is_not_taken_for_a_row_of_its_department(
    api: ContractClient, rows_stored: Callable[[], dict[str, int]], blank: str | None
):
    before = rows_stored()
    answer = post(api, row(None, department_id="dept_456", queue_name=blank))
    assert (answer["status"], list(answer["errors"])) == (400, ["queue_name"])
    assert "has no queue_name at all" in answer["errors"]["queue_name"][0]
    assert rows_stored() == before
    assert post(api, row(None, department_id="dept_456"))["result"] == "created"


def test_two_spellings_of_a_queue_are_one_queue(api: ContractClient):
    composed, decomposed = "M\u00fcnchen", "Mu\u0308nchen"
    assert post(api, row(decomposed))["result"] == "created"
    assert post(api, row(composed))["result"] == "duplicate"
    assert Queue.objects.filter(name=composed).count() == 1
    for spelling in (composed, decomposed):
        assert api.get(CURRENT, {"queue_name": spelling}).json()["current"]["queue_name"] == composed


def test_a_dry_run_of_one_row_answers_and_stores_nothing(
    api: ContractClient, heard: Hear, rows_stored: Callable[[], dict[str, int]]
):
    before = rows_stored()
    with heard() as published:
        answer = post(api, row("fraud"), dry_run="true")
    assert (answer["status"], answer["result"], answer["event"]) == (201, "created", None)
    assert published == []
    assert rows_stored() == before


def test_a_new_queue_is_created_with_its_department_and_heard_of(api: ContractClient, heard: Hear):
    with heard() as published:
        answer = post_up(api, row("fraud", department_id="dept_789"))
    assert answer["result"] == "created"
    assert published.scopes[0] == "fraud"
    assert set(published.scopes[1:]) == {"dept_789", ORG}
    assert Queue.objects.filter(department__code="dept_789", name="fraud").exists()
    assert post(api, row("fraud", 15))["result"] == "created"  # from now on its name suffices


def test_a_new_queue_without_department_belongs_to_the_only_one(api: ContractClient, heard: Hear):
    with heard() as published:
        post(api, row("fraud"))
    assert published.of("fraud")["department_id"] == "dept_456"


def test_a_new_queue_without_department_is_refused_where_there_are_several(
    api: ContractClient, organization: Organization, rows_stored: Callable[[], dict[str, int]]
):
    add_queues(organization, [("dept_789", "claims")])
    before = rows_stored()
    answer = post(api, row("fraud"))
    assert answer["errors"] == {"department_id": ["Queue 'fraud' is new: name its department."]}
    assert rows_stored() == before


@pytest.mark.parametrize("name", ["Bestellungen Ä-ß", "客服", "a/b:c d", "x" * 128, "=1+1", "50% off"])
def test_any_printable_name_is_a_queue(api: ContractClient, heard: Hear, name: str):
    with heard() as published:
        post(api, row(name, department_id="dept_456"))
    assert published[0]["data"]["queue_name"] == name


def test_departments_and_the_organization_can_be_posted_themselves(api: ContractClient, heard: Hear):
    with heard() as published:
        answer = post_batch(api, row(None, total=30, department_id="dept_456"), row(None, total=50))
    assert results(answer) == ["created", "created"]
    assert [(name, event["data"]["total_items"]) for name, event in zip(published.scopes, published, strict=True)] == [
        ("dept_456", 30),
        (ORG, 50),
    ]
    assert "department_id" not in published.of(ORG)
    assert "queue_name" not in published.of("dept_456")


# --- what is worked out ----------------------------------------------------------------------------------------------
def test_a_feed_that_says_only_what_is_at_risk_gets_it_as_over_sla_too(api: ContractClient, heard: Hear):
    """As the mission's feed does."""
    with heard() as published:
        post(api, row(total=20, items_over_sla=None, sla_at_risk_count=4))
    data = published.of("support")
    assert (data["items_at_risk"], data["items_over_sla"], data["sla_compliance_percentage"]) == (4, 4, 80.0)
    assert data["quality"] == "partial"


def test_over_sla_and_at_risk_are_two_numbers(api: ContractClient, heard: Hear):
    with heard() as published:
        post(api, row(total=20, items_over_sla=1, sla_at_risk_count=4))
    data = published.of("support")
    assert (data["items_over_sla"], data["items_at_risk"]) == (1, 4)
    assert (data["sla_compliance_percentage"], data["quality"]) == (95.0, "ok")


def test_a_stated_compliance_is_believed(api: ContractClient, heard: Hear):
    with heard() as published:
        post(api, row(total=20, items_over_sla=1, sla_compliance_percentage=66.666666))
    assert published.of("support")["sla_compliance_percentage"] == 66.67


def test_every_null_has_its_reason(api: ContractClient, heard: Hear):
    with heard() as published:
        post(api, row(items_over_sla=None))
    for data in (event["data"] for event in published):
        nulls = {name for name, value in data.items() if value is None}
        assert (
            nulls
            == data["reasons"].keys()
            == {
                "items_over_sla",
                "sla_compliance_percentage",
                "items_at_risk",
                "oldest_item_age_minutes",
                "interval_seconds",
                "added_per_hour",
                "completed_per_hour",
                "slope_per_hour",
            }
        )
        assert all(data["reasons"].values())
        assert data["quality"] == "partial"


def test_a_row_that_says_everything_needs_no_reasons(api: ContractClient, heard: Hear):
    full = {"sla_at_risk_count": 1, "oldest_item_age_minutes": 9, "items_added": 0, "items_completed": 0}
    with heard() as published:
        post_batch(api, *(row(minutes=minutes, **full) for minutes in (0, 15, 30, 45)))
    data = published.of("support")
    assert None not in data.values()
    assert "reasons" not in data
    assert (data["interval_seconds"], data["slope_per_hour"], data["quality"]) == (900, 0, "ok")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([{}, {"total": 14}], (4, 0, "net_inferred", "ok"), id="inferred"),
        pytest.param(
            [{}, {"total": 14, "items_added": 7, "items_completed": 3}], (7, 3, "explicit", "ok"), id="explicit"
        ),
        pytest.param(
            [{}, {"total": 14, "items_added": 1, "items_completed": 3}], (1, 3, "explicit", "partial"), id="residual"
        ),
        pytest.param(
            [
                {"items_added_total": 100, "items_completed_total": 90},
                {"total": 14, "items_added_total": 107, "items_completed_total": 93},
            ],
            (7, 3, "counters", "ok"),
            id="counters",
        ),
        pytest.param(
            [
                {"items_added_total": 100, "items_completed_total": 90},
                {"total": 14, "items_added_total": 7, "items_completed_total": 3},
            ],
            (7, 3, "counters", "ok"),
            id="counters that started over",
        ),
    ],
)
def test_flows_follow_from_what_the_feed_says(
    api: ContractClient, heard: Hear, rows: list[dict[str, int]], expected: tuple[int, int, str, str]
):
    with heard() as published:
        for minutes, fields in enumerate(rows):
            post(api, row(minutes=15 * minutes, **fields))
    data = published.of("support")
    found = (data["items_added_this_interval"], data["items_completed_this_interval"])
    assert (*found, data["flow_source"], data["quality"]) == expected
    assert data["interval_seconds"] == 900


def test_a_batch_and_single_posts_work_out_the_same(api: ContractClient):
    def rows(queue: str) -> list[dict[str, object]]:
        totals = [10 + n * n for n in range(9)]
        return [
            row(queue, 15 * n, total, items_added_total=n * 9, items_completed_total=n)
            for n, total in enumerate(totals)
        ]

    def worked_out(queue: str) -> list[tuple[object, ...]]:
        stored = Snapshot.objects.filter(scope__queue_name=queue).order_by("time")
        return list(stored.values_list("added", "completed", "flow_source", "quality", "trend", "slope_per_hour"))

    post_batch(api, *rows("support"))
    for each in rows("billing"):
        post(api, each)
    assert worked_out("support") == worked_out("billing")
    assert worked_out("billing")[-1][:5] == (9, 1, "counters", "partial", "growing")


def test_a_late_row_knows_what_preceded_it(api: ContractClient):
    post_batch(api, row(minutes=0, total=10), row(minutes=30, total=30))
    late = post(api, row(minutes=15, total=14))
    stored = Snapshot.objects.get(pk=late["snapshot_id"])
    assert (stored.added, stored.completed, stored.interval_seconds) == (4, 0, 900)


# --- answers of batches ----------------------------------------------------------------------------------------------
def test_a_batch_takes_the_good_rows_and_names_the_bad_ones(api: ContractClient, heard: Hear):
    with heard() as published:
        answer = post_batch(
            api, row(total=-1), row("billing"), row("sales", organization_id="org_999"), 7, row(department_id="no id!")
        )
    assert (answer["status"], answer["accepted"]) == (207, 1)
    assert [each["index"] for each in answer["results"]] == [1]
    errors = {each["index"]: each["errors"] for each in answer["rejected"]}
    assert errors.keys() == {0, 2, 3, 4}
    assert errors[0].keys() == {"total_items"}
    assert errors[2] == {"organization_id": ["There is no such organization, or you are not a member of it."]}
    assert errors[4].keys() == {"department_id"}
    assert published.scopes[0] == "billing"


def test_a_batch_without_a_good_row_is_refused_with_the_error_shape(
    api: ContractClient, rows_stored: Callable[[], dict[str, int]]
):
    before = rows_stored()
    answer = post_batch(api, row(total=-1), {})
    assert answer["status"] == 400
    assert answer.keys() == {"status", "code", "message", "accepted", "results", "rejected", "request_id", "docs_url"}
    assert (answer["accepted"], answer["results"], len(answer["rejected"])) == (0, [], 2)
    assert rows_stored() == before


def test_unknown_fields_come_back_as_warnings(api: ContractClient):
    answer = post(api, row(totl=3, priority="high"))
    assert answer["result"] == "created"
    assert answer["warnings"] == ["Unknown field 'priority' was ignored.", "Unknown field 'totl' was ignored."]
    [clean, warned] = post_batch(api, row("billing"), row("sales", **{"x" * 500: 1}))["results"]
    assert "warnings" not in clean
    assert warned["warnings"] == [f"Unknown field '{'x' * 64}' was ignored."]


BAD_ROWS = {
    "a field is wrong": row(total=-1),
    "its department has no id": row(department_id="no id!"),
    "it is another organization's": row(organization_id="org_999"),
}


@pytest.mark.parametrize("bad", BAD_ROWS.values(), ids=BAD_ROWS.keys())
def test_an_atomic_batch_with_a_bad_row_stores_nothing(
    api: ContractClient, heard: Hear, rows_stored: Callable[[], dict[str, int]], bad: dict[str, object]
):
    before = rows_stored()
    with heard() as published:
        answer = post_batch(api, row("billing"), row("fraud", department_id="dept_new"), bad, atomic="true")
    assert (answer["status"], answer["accepted"]) == (400, 0)
    assert [each["index"] for each in answer["rejected"]] == [2]
    assert published == []
    assert rows_stored() == before


def test_an_atomic_batch_of_good_rows_is_stored(api: ContractClient):
    assert post_batch(api, row("billing"), row("sales"), atomic="true")["status"] == 201


def test_a_dry_run_answers_and_stores_nothing(
    api: ContractClient, heard: Hear, rows_stored: Callable[[], dict[str, int]]
):
    post(api, row("billing"))
    before = rows_stored()
    with heard() as published:
        answer = post_batch(
            api, row("billing"), row("support"), row("fraud", department_id="dept_new"), row(total=-1), dry_run="true"
        )
    assert (answer["status"], answer["accepted"]) == (207, 3)
    assert results(answer) == ["duplicate", "created", "created"]
    assert events(answer) == [None, None, None]
    assert published == []
    assert rows_stored() == before
    assert not Department.objects.filter(code="dept_new").exists()


def test_a_dry_run_changes_no_figure(api: ContractClient, heard: Hear):
    post(api, row(total=10))
    assert results(post_batch(api, row(total=11), dry_run="true")) == ["corrected"]
    assert post(api, row(total=10))["result"] == "duplicate"


@pytest.mark.parametrize("query", [{"atomic": "perhaps"}, {"dry_run": "2"}])
def test_options_of_a_batch_are_checked(api: ContractClient, query: dict[str, str]):
    answer = post_batch(api, row(), **query)
    assert (answer["status"], answer["errors"].keys()) == (400, query.keys())


def test_5000_rows_are_a_batch_and_one_more_is_none(api: ContractClient, heard: Hear):
    def batch(count: int) -> dict[str, object]:
        return {"items": [row(f"q{n % 1000}", n // 1000, department_id="dept_456") for n in range(count)]}

    with heard() as published:
        taken = post(api, batch(5000), BATCH)
    assert (taken["status"], taken["accepted"]) == (201, 5000)
    assert results(taken).count("superseded") == 4000
    assert len(published) == 1000
    assert published.commits == 1
    refused = post(api, batch(5001), BATCH)
    assert refused["status"] == 400
    assert refused["errors"] == {"items": ["1 to 5000 rows are allowed, not 5001."]}


def test_an_empty_batch_is_none(api: ContractClient):
    assert post_batch(api)["errors"] == {"items": ["1 to 5000 rows are allowed, not 0."]}


def test_the_times_of_a_batch_may_be_up_to_a_minute_ahead(api: ContractClient):
    soon = timezone.now() + timedelta(seconds=50)
    assert post(api, {**row(), "snapshot_time": soon.isoformat()})["result"] == "created"


def test_a_history_is_ingested_backwards_as_well(api: ContractClient, heard: Hear):
    """A feed that catches up from the newest row down: all late but the first, and the wall keeps the newest."""
    with heard() as published:
        outcomes = [post(api, row(minutes=minutes, total=minutes))["result"] for minutes in (60, 45, 30, 15, 0)]
    assert outcomes == ["created", "late", "late", "late", "late"]
    assert published.of("support")["timestamp"] == at(60)
    assert published.commits == 1
