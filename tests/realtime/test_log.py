import json
import os
import subprocess
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from intraday.org.models import Organization, Scope
from realtime.eventlog import store
from realtime.models import Segment, Stream
from realtime.publish import publish
from tests.live import ROOT
from tests.realtime.notes import Note, Personal, everything, lose, note, scope_of
from tests.realtime.storm import Storm

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "snapshot"])

STREAM = "custom:org:org_123"


@pytest.fixture
def support(organization: Organization) -> Scope:
    return scope_of(organization, "dept_456", "support")


def numbers(stream: str = STREAM) -> list[int]:
    return [json.loads(record.full)["data"]["number"] for record in everything(stream)]


# --- many writers ----------------------------------------------------------------------------------------------------
def test_eight_writers_on_several_streams_with_rollbacks_leave_a_gapless_log_in_order_of_commit():
    storm = Storm()
    storm.blow()
    counts = storm.check()
    assert counts["events"] > 200
    assert counts["undone"] > 50


def test_the_same_holds_on_sqlite(tmp_path: Path):
    alone = {"DATABASE_URL": "", "REDIS_URL": "", "INTRADAY_VAR": str(tmp_path)}
    command = [sys.executable, "-m", "tests.realtime.storm"]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | alone, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout.splitlines()[-1])
    assert counts["events"] > 200
    assert counts["undone"] > 50
    assert (tmp_path / "intraday.sqlite3").exists()


# --- one transaction -------------------------------------------------------------------------------------------------
def test_a_publish_below_an_earlier_stream_of_the_transaction_is_a_programming_error(
    organization: Organization, stranger: Organization
):
    own, other = scope_of(organization), scope_of(stranger)
    with pytest.raises(AssertionError, match="out of order"), transaction.atomic():
        publish("custom", [(own, partial(Note, number=1))])
        publish("backlog", [(own, partial(Note, number=2))])
    with pytest.raises(AssertionError, match="out of order"), transaction.atomic():
        publish("backlog", [(other, partial(Note, number=1))])
        publish("custom", [(own, partial(Note, number=2))])
    assert not Segment.objects.exists()


def test_a_stream_whose_publish_was_rolled_back_no_longer_counts_for_the_order(support: Scope):
    with transaction.atomic():
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            publish("custom", [(support, partial(Note, number=1))])
            raise ZeroDivisionError
        publish("backlog", [(support, partial(Note, number=2))])
    assert numbers("backlog:org:org_123") == [2]


def test_publishing_outside_a_transaction_is_a_programming_error(support: Scope):
    with pytest.raises(AssertionError, match="inside the transaction"):
        publish("custom", [(support, partial(Note, number=1))])


def test_a_rollback_leaves_no_event_and_gives_its_seq_to_the_next(support: Scope):
    note(support, 1)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        note(support, 2, 3)
        raise ZeroDivisionError
    note(support, 4)
    records = everything(STREAM)
    assert [record.seq for record in records] == [1, 2]
    assert numbers() == [1, 4]


def test_events_of_several_organizations_get_their_own_places(organization: Organization, stranger: Organization):
    with transaction.atomic():
        refs = publish(
            "custom",
            [
                (scope_of(stranger), partial(Note, number=1)),
                (scope_of(organization), partial(Note, number=2)),
                (scope_of(stranger), partial(Note, number=3)),
            ],
        )
    assert refs == [("custom:org:org_999", 1), (STREAM, 1), ("custom:org:org_999", 2)]
    assert numbers("custom:org:org_999") == [1, 3]
    assert numbers() == [2]


def test_all_events_of_a_commit_and_stream_are_one_segment(support: Scope):
    note(support, *range(300))
    segment = Segment.objects.get()
    assert (segment.first_seq, segment.last_seq) == (1, 300)


# --- builders --------------------------------------------------------------------------------------------------------
def test_a_builder_that_raises_becomes_a_resync_and_the_save_stands(support: Scope):
    def broken() -> Note:
        raise ValueError("a bug in the payload")

    with transaction.atomic():
        support.queue_name = "renamed"
        support.save()
        refs = publish(
            "custom", [(support, partial(Note, number=1)), (support, broken), (support, partial(Note, number=3))]
        )
    assert [ref.seq for ref in refs] == [1, 2, 3]
    records = everything(STREAM)
    assert [record.event for record in records] == ["custom:note", "custom:resync", "custom:note"]
    told = json.loads(records[1].full)
    assert told["event"] == "custom:resync"
    assert told["data"] | {"reason": ""} == {
        "organization_id": "org_123",
        "department_id": "dept_456",
        "queue_name": "renamed",
        "reason": "",
    }
    assert Scope.objects.filter(queue_name="renamed").exists()


def test_a_payload_that_cannot_be_encoded_becomes_a_resync_too(support: Scope):
    with transaction.atomic():
        publish("custom", [(support, lambda: Note(number=object()))])  # type: ignore[arg-type]
    assert [record.event for record in everything(STREAM)] == ["custom:resync"]


def test_a_database_error_fails_the_save_like_any_other(support: Scope):
    def broken() -> Note:
        with connection.cursor() as cursor:
            cursor.execute("SELECT nothing FROM nowhere")
        raise AssertionError

    with pytest.raises(DatabaseError), transaction.atomic():
        Scope.objects.filter(pk=support.pk).update(queue_name="renamed")
        publish("custom", [(support, broken)])
    assert not Scope.objects.filter(queue_name="renamed").exists()
    assert not Segment.objects.exists()


def test_personal_fields_come_back_full_and_redacted(support: Scope):
    with transaction.atomic():
        publish(
            "custom",
            [
                (support, partial(Note, number=1)),
                (support, partial(Personal, name="Zoë Ünal")),
                (support, partial(Note, number=3)),
            ],
        )
    records = everything(STREAM)
    for record, seq in zip(records, [1, 2, 3], strict=True):
        for text in (record.full, record.redacted):
            assert json.loads(text)["seq"] == seq
    assert [json.loads(record.text(names=True))["data"] for record in records] == [
        {"number": 1, "text": ""},
        {"name": "Zoë Ünal"},
        {"number": 3, "text": ""},
    ]
    assert json.loads(records[1].text(names=False))["data"] == {"name": None}
    assert records[0].redacted == records[0].full
    assert "Zoë".encode() not in records[1].redacted


# --- reading ---------------------------------------------------------------------------------------------------------
def test_a_page_that_reaches_its_limit_of_events_says_that_it_is_not_complete(support: Scope):
    for start in range(0, 30, 3):
        note(support, start, start + 1, start + 2)
    page = store.read(STREAM, after=4, max_events=10, max_bytes=10**6)
    assert page is not None
    assert [record.seq for record in page.records] == list(range(5, 15))
    assert (page.complete, page.head) == (False, 30)
    rest = store.read(STREAM, after=20, max_events=10, max_bytes=10**6)
    assert rest is not None
    assert [record.seq for record in rest.records] == list(range(21, 31))
    assert rest.complete  # exactly the limit, and nothing left


def test_a_page_that_reaches_its_limit_of_bytes_says_that_it_is_not_complete(support: Scope):
    note(support, *range(10), text="x" * 1000)
    page = store.read(STREAM, after=0, max_events=100, max_bytes=3_500)
    assert page is not None
    assert [record.seq for record in page.records] == [1, 2, 3]
    assert not page.complete
    one = store.read(STREAM, after=3, max_events=100, max_bytes=1)
    assert one is not None
    assert [record.seq for record in one.records] == [4]  # always one, or a big event would stop everybody
    assert not one.complete


def test_at_the_head_there_is_nothing_more_and_beyond_it_the_head_says_so(support: Scope):
    note(support, 1, 2)
    at_head = store.read(STREAM, after=2, max_events=10, max_bytes=1000)
    beyond = store.read(STREAM, after=10**12, max_events=10, max_bytes=1000)
    assert at_head is not None
    assert (at_head.records, at_head.complete, at_head.head) == ([], True, 2)
    assert beyond is not None
    assert (beyond.records, beyond.head) == ([], 2)
    assert store.read("custom:org:nobody", after=0, max_events=10, max_bytes=1000) is None


# --- forgetting ------------------------------------------------------------------------------------------------------
def test_a_purge_moves_the_tail_first_and_deletes_when_the_grace_has_passed(support: Scope):
    note(support, 1, 2)
    note(support, 3)
    later = timezone.now() + store.RETENTION["custom"] + timedelta(seconds=1)
    Segment.objects.filter(last_seq=3).update(committed_at=later)

    assert store.purge(now=later) == 0
    assert Stream.objects.get().tail == 2
    assert Segment.objects.count() == 2, "a reader that saw the old tail must still find its events"
    assert store.read(STREAM, after=1, max_events=10, max_bytes=1000) is None
    page = store.read(STREAM, after=2, max_events=10, max_bytes=1000)
    assert page is not None
    assert [record.seq for record in page.records] == [3]

    assert store.purge(now=later + store.GRACE - timedelta(seconds=1)) == 0
    assert Segment.objects.count() == 2
    assert store.purge(now=later + store.GRACE + timedelta(seconds=1)) == 1
    assert [segment.last_seq for segment in Segment.objects.all()] == [3]
    note(support, 4)
    assert everything(STREAM, after=2)[-1].seq == 4


def test_each_channel_keeps_what_its_retention_says(organization: Organization):
    scope = scope_of(organization)
    for channel in ("backlog", "kpi", "alerts"):
        note(scope, 1, channel=channel)
    store.purge(now=timezone.now() + timedelta(hours=3))
    assert {stream.channel: stream.tail for stream in Stream.objects.all()} == {"backlog": 0, "kpi": 1, "alerts": 0}
    store.purge(now=timezone.now() + timedelta(days=2))
    assert {stream.channel: stream.tail for stream in Stream.objects.all()} == {"backlog": 1, "kpi": 1, "alerts": 0}


def test_a_purged_stream_goes_on_counting(support: Scope):
    note(support, 1)
    later = timezone.now() + timedelta(days=2)
    store.purge(now=later)
    store.purge(now=later + timedelta(hours=1))
    assert not Segment.objects.exists()
    assert lose(support, 2).first == 2


# --- holes -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("lost", "after", "ahead", "back"),
    [
        # Commits hold seqs 1-2, 3-4, 5-6; one of them is lost. `ahead`: read after a position, None: cannot be served.
        ([], 0, [1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]),
        ([4], 0, None, [5, 6]),  # in the middle: nothing is served across the hole
        ([4], 2, None, [5, 6]),
        ([4], 3, None, [5, 6]),
        ([4], 4, [5, 6], [5, 6]),  # a reader beyond the hole needs nothing of it
        ([6], 0, None, []),  # at the head
        ([6], 6, [], []),
        ([2], 0, None, [3, 4, 5, 6]),
    ],
)
def test_a_log_that_lost_a_segment_is_never_served_across_the_hole(
    support: Scope, lost: list[int], after: int, ahead: list[int] | None, back: list[int]
):
    for first in (1, 3, 5):
        lose(support, first, first + 1)
    Segment.objects.filter(stream=STREAM, last_seq__in=lost).delete()
    page = store.read(STREAM, after=after, max_events=100, max_bytes=10**6)
    assert (page and [record.seq for record in page.records]) == ahead
    page = store.read_back(STREAM, upto=None, max_events=100, max_bytes=10**6)
    assert page is not None
    assert [record.seq for record in page.records] == back
