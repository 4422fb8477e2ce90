"""The diagram of rooms: it is fresh in docs/architecture.md, and it draws what the imports say."""

import pytest

from tests.diagram import BEGIN, END, PAGE, arrows_of, mermaid, reduced, replaced, rooms_of, section
from tests.structure import reachable

APP = {
    "kpi": set(),
    "kpi.services": {"kpi.day.what_if"},
    "kpi.day": set(),
    "kpi.day.what_if": {"kpi.models", "kpi.formulas.erlang"},
    "kpi.formulas": set(),
    "kpi.formulas.erlang": set(),
    "kpi.models": set(),
}


def test_the_diagram_of_the_page_is_fresh():
    page = PAGE.read_text()
    assert replaced(page, section()) == page


def test_modules_at_the_top_of_an_app_are_its_face_or_the_base_of_its_rooms():
    rooms = rooms_of(APP)
    assert rooms["kpi.services"] == "kpi.face"
    assert rooms["kpi.models"] == "kpi.base"
    assert rooms["kpi.day.what_if"] == "kpi.day"


def test_a_module_that_a_room_imports_and_that_imports_a_room_stands_alone():
    rooms = rooms_of(APP | {"kpi.models": {"kpi.formulas.erlang"}})
    assert rooms["kpi.models"] == "kpi.models"


def test_arrows_of_the_app_are_those_of_its_modules():
    assert arrows_of(APP, rooms_of(APP)) == {
        "kpi.face": {"kpi.day"},
        "kpi.day": {"kpi.base", "kpi.formulas"},
        "kpi.base": set(),
        "kpi.formulas": set(),
    }


@pytest.mark.parametrize(
    ("arrows", "drawn"),
    [
        ({"a": {"b", "c"}, "b": {"c"}, "c": set()}, {"a": {"b"}, "b": {"c"}, "c": set()}),
        # No other way leads from a to c.
        ({"a": {"b", "c"}, "b": set(), "c": set()}, {"a": {"b", "c"}, "b": set(), "c": set()}),
        # Both arrows of a circle are drawn, and both into it.
        ({"a": {"b", "c"}, "b": {"c"}, "c": {"b"}}, {"a": {"b", "c"}, "b": {"c"}, "c": {"b"}}),
    ],
    ids=["a way through another", "two ends", "a circle"],
)
def test_arrows_that_a_way_through_others_implies_are_left_out(arrows: dict[str, set[str]], drawn: dict[str, set[str]]):
    assert reduced(arrows) == drawn
    assert all(reachable(drawn, room) == reachable(arrows, room) for room in arrows)


def test_each_room_has_a_box_in_the_frame_of_its_app():
    assert mermaid({"kpi.face": {"kpi.day"}, "kpi.day": set()}).splitlines() == [
        "flowchart TB",
        "  subgraph kpi",
        '    kpi_day["day"]',
        '    kpi_face["kpi: face"]',
        "  end",
        "  kpi_face --> kpi_day",
    ]


def test_a_page_without_a_place_for_the_diagram_is_refused():
    with pytest.raises(ValueError, match="has no place for the diagram"):
        replaced(f"{END}{BEGIN}", "drawing")
