from tests.attendance.posting import STREAM, plan, record, say, shift
from tests.golden import assert_golden
from tests.heard import Hear
from tests.rest.contract import ContractClient


def test_what_attendance_says_looks_like_its_examples(api: ContractClient, heard: Hear):
    plan(api, shift("ada"), shift("ben"), shift("cy"))
    with heard(STREAM) as published:
        say(api, record("ada", 8.5), record("ben", 0, "present"), record("ben", 30, "checked_out"))
    examples = {event["event"]: event for event in published if event["data"].get("employee_id") != "ben"}
    examples |= {event["event"]: event for event in published if event["event"] == "attendance:checkout"}
    assert examples.keys() == {"attendance:checkin", "attendance:checkout", "attendance:update"}
    for example in examples.values():
        assert_golden(example)
