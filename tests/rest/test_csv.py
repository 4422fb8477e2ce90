"""Pages of items as CSV: cells, columns and line ends, byte by byte."""

import csv
import io
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intraday.org.models import Organization, Role
from intraday.rest.csv_renderer import ItemsCSVRenderer
from tests.access.people import browser_of, person
from tests.backlog.posting import HISTORY, at, post_batch, row
from tests.conftest import key_of
from tests.live import LiveServer
from tests.rest.contract import contract_client


def rendered(items: list[Any], columns: list[str]) -> bytes:
    context = {"view": SimpleNamespace(csv_columns=columns), "response": {}}
    return ItemsCSVRenderer().render({"items": items, "next": None}, "text/csv", context)


# RFC 4180: CRLF after each line; quotes around cells with a comma, quote or line end, inner quotes doubled.
@pytest.mark.parametrize(
    ("item", "columns", "line"),
    [
        ({"a": 1, "b": "x"}, ["b", "a"], b"x,1\r\n"),
        ({"a": 1.5, "b": None}, ["a", "b"], b"1.5,\r\n"),
        ({"a": True, "b": False}, ["a", "b"], b"true,false\r\n"),
        ({"a": {"b": {"c": 3}}}, ["a.b.c"], b"3\r\n"),
        ({"a": [{"b": 1}, {"b": 2}]}, ["a.1.b", "a.0.b"], b"2,1\r\n"),
        ({"a": {}, "b": []}, ["a", "b"], b",\r\n"),
        ({"a": 1}, ["a", "unknown"], b"1,\r\n"),
        ({"a": 'say "a, b"'}, ["a"], b'"say ""a, b"""\r\n'),
        ({"a": "two\nlines"}, ["a"], b'"two\nlines"\r\n'),
        ({"a": "Zürich"}, ["a"], "Zürich\r\n".encode()),
        ({"a": "=1+1"}, ["a"], b"'=1+1\r\n"),
        ({"a": "+49 30"}, ["a"], b"'+49 30\r\n"),
        ({"a": "-2"}, ["a"], b"'-2\r\n"),
        ({"a": -2}, ["a"], b"-2\r\n"),
        ({"a": "@SUM(A1)"}, ["a"], b"'@SUM(A1)\r\n"),
        ({"a": " =1"}, ["a"], b"' =1\r\n"),
        ({"a": "\uff1d1"}, ["a"], "'\uff1d1\r\n".encode()),
        ({"a": "\t=1"}, ["a"], b"'\t=1\r\n"),
        ({"a": "\x00x"}, ["a"], b"'\x00x\r\n"),
        ({"a": "a=b"}, ["a"], b"a=b\r\n"),
        ({"a": datetime(2026, 1, 31, 10, tzinfo=UTC)}, ["a"], b"2026-01-31T10:00:00Z\r\n"),
    ],
)
def test_an_item_is_one_line(item: dict[str, Any], columns: list[str], line: bytes) -> None:
    assert rendered([item], columns) == ",".join(columns).encode() + b"\r\n" + line


def test_an_empty_page_has_its_columns() -> None:
    assert rendered([], ["a", "b.c"]) == b"a,b.c\r\n"


def test_an_error_stays_json() -> None:
    context: dict[str, Any] = {"view": SimpleNamespace(csv_columns=["a"]), "response": {}}
    assert ItemsCSVRenderer().render({"code": "forbidden"}, "text/csv", context) == b'{"code":"forbidden"}'
    assert context["response"]["Content-Type"] == "application/json"


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@given(st.lists(st.fixed_dictionaries({"a": TEXT, "b": st.integers(), "c": st.fixed_dictionaries({"d": TEXT})})))
def test_a_reader_gets_back_every_cell(items: list[dict[str, Any]]) -> None:
    text = rendered(items, ["a", "b", "c.d"]).decode()
    found = list(csv.reader(io.StringIO(text, newline="")))[1:]
    assert [[plain(row[0]), row[1], plain(row[2])] for row in found] == [
        [plain(item["a"]), str(item["b"]), plain(item["c"]["d"])] for item in items
    ]
    assert not any(row[cell][:1] in ("=", "+", "-", "@", "\t", "\r", "\n") for row in found for cell in (0, 2))


def plain(text: str) -> str:
    return text.removeprefix("'")


DAY = {"since": "2026-01-30T23:00:00Z", "until": "2026-01-31T23:00:00Z"}
PLACE = {"department_id": "dept_456", "queue_name": "support"}
WHERE = "org_123_dept_456_support"


@pytest.mark.parametrize(
    ("path", "query", "name"),
    [
        ("intraday/kpi/history", {**PLACE, **DAY}, f"kpi_{WHERE}_2026-01-31.csv"),
        ("intraday/backlog/history", {**PLACE, "since": DAY["since"]}, f"backlog_{WHERE}_2026-01-31.csv"),
        ("intraday/attendance/history", {}, "attendance_org_123.csv"),
        (
            "intraday/attendance/adherence",
            {"by": "day", "since": "2026-01-30", "until": "2026-01-31"},
            "adherence_org_123_2026-01-30_2026-01-31.csv",
        ),
        ("alerts", {**PLACE, **DAY}, f"alerts_{WHERE}_2026-01-31.csv"),
        ("audit", DAY, "audit_org_123_2026-01-31.csv"),
    ],
)
def test_an_export_says_in_its_name_of_which_scope_and_days_it_is(
    organization: Organization, path: str, query: dict[str, str], name: str
) -> None:
    organization.time_zone = "Europe/Berlin"
    organization.save()
    ada = browser_of(person("ada", organization, Role.ADMIN))
    answer = ada.get(f"/api/{path}", {"organization_id": "org_123", **query, "format": "csv"})
    assert (answer.status_code, answer["Content-Type"].partition(";")[0]) == (200, "text/csv")
    assert b"," in answer.getvalue()
    assert f'filename="{name}"' in answer["Content-Disposition"]


def test_an_export_has_all_rows_where_no_page_is_asked_for(server: LiveServer, organization: Organization) -> None:
    api = contract_client(organization)
    post_batch(api, *(row("support", minutes / 2, total=minutes) for minutes in range(1_205)))
    headers = {"Authorization": f"Api-Key {key_of(organization)}"}

    def read(**query: Any) -> list[str]:
        params = {"format": "csv", "queue_name": "support", **query}
        answer = httpx.get(f"{server.http}{HISTORY}", params=params, headers=headers, timeout=60)
        assert answer.status_code == 200, answer.text
        return [line["total_items"] for line in csv.DictReader(io.StringIO(answer.text))]

    assert read() == [str(number) for number in range(1_205)]
    assert len(read(limit=1_000)) == 1_000
    assert read(since=at(601)) == ["1202", "1203", "1204"]


def test_a_whole_file_comes_whole_from_the_server(server: LiveServer, organization: Organization) -> None:
    headers = {"Authorization": f"Api-Key {key_of(organization)}"}
    answer = httpx.get(f"{server.http}/api/intraday/story", params={"format": "csv"}, headers=headers)
    assert answer.text.startswith("id,at,kind,")
    assert answer.text.endswith("\r\n")
