"""Results and events of posted records and shifts (docs/ingest.md, DOMAIN 3.7)."""

from attendance import services
from tests.attendance.posting import (
    CURRENT,
    STREAM,
    at,
    counts,
    moment,
    plan,
    post_up,
    record,
    results,
    say,
    shift,
)
from tests.heard import Hear
from tests.rest.contract import ContractClient


def test_a_check_in_is_heard_with_the_figures_of_department_and_organization(api: ContractClient, heard: Hear):
    plan(api, shift("ada"), shift("ben"))
    with heard(STREAM) as published:
        answer = post_up(api, record("ada", 3, checked_in_at=at(2)))
    assert (answer["status"], answer["result"]) == (201, "created")
    assert [event["event"] for event in published] == ["attendance:checkin", "attendance:update", "attendance:update"]
    came = published[0]["data"]
    assert came == {
        "organization_id": "org_123",
        "department_id": "dept_456",
        "employee_id": "ada",
        "employee_name": "Ada",
        "timestamp": at(2),
        "status": "on_time",
        "late_minutes": 0.0,
    }
    figure = published.of("dept_456")
    assert counts(figure) == {"scheduled": 2, "present": 1, "expected": 1}
    assert figure["attendance_rate"] == 50.0
    assert figure["recent_checkins"] == [
        {"employee_id": "ada", "employee_name": "Ada", "checked_in_at": at(2), "status": "on_time"}
    ]
    assert counts(published.of("organization")) == counts(figure)
    assert answer["event"]["seq"] == published[0]["seq"]


def test_the_current_figures_are_read_back(api: ContractClient):
    plan(api, shift("ada"))
    say(api, record("ada", 20))
    answer = api.get(CURRENT).json()
    assert counts(answer["current"]) == {"scheduled": 1, "present": 1, "late": 1}
    assert answer["current"]["lost_minutes"] == 20
    assert [each["department_id"] for each in answer["within"]] == ["dept_456"]


def test_the_same_record_again_is_a_duplicate_and_no_event(api: ContractClient, heard: Hear):
    say(api, record())
    with heard(STREAM) as published:
        assert results(say(api, record())) == ["duplicate"]
    assert published == []


def test_time_alone_makes_somebody_absent(api: ContractClient, heard: Hear):
    plan(api, shift("ada"), shift("ben"))
    say(api, record("ben", 0))
    with heard(STREAM) as published:
        assert refresh(5) == 0
        assert refresh(5.01) == 2
        assert refresh(6) == 0
    assert counts(published.of("dept_456")) == {"scheduled": 2, "present": 1, "absent": 1}


def refresh(minutes: float) -> int:
    return services.refresh(organization_id="org_123", now=moment(minutes))
