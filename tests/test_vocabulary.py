"""The check of the vocabulary: it holds for the product, and it finds each fault that it is for."""

import pytest

from tests.vocabulary import doubled, faults, names_of, names_of_script, odd_words


def test_names_of_the_product_are_the_words_of_the_field():
    assert list(faults()) == []


@pytest.mark.parametrize(
    ("path", "source", "found"),
    [
        ("attendance/duties.py", "", ["attendance/duties.py duties"]),
        ("attendance/duties/__init__.py", "", ["attendance/duties/__init__.py duties"]),
        ("attendance/models.py", "class OpenSpell: ...", ["attendance/models.py OpenSpell"]),
        ("realtime/hub/hub.py", "class Hub:\n async def believe_all(self): ...", ["realtime/hub/hub.py believe_all"]),
        # A private function is its file's own affair, and a word of one app may be right in another.
        ("attendance/models.py", "def _spell(): ...", []),
        ("realtime/messages.py", "def spell(): ...", []),
        # The field's own word in a longer name.
        ("alerts/notification_outbox.py", "", []),
        ("alerts/outbox.py", "", ["alerts/outbox.py outbox"]),
        ("intraday/floor.py", "def people(): ...", []),
    ],
)
def test_odd_words_are_found_in_names_of_modules_classes_and_public_functions(path: str, source: str, found: list[str]):
    assert list(odd_words(list(names_of(path, source)))) == found


def test_odd_words_are_found_in_scripts_too():
    source = "export function BurnStrip() {}\ninterface Trail {}\nconst burning = 1;\n"
    assert list(odd_words(list(names_of_script("console/src/queues/strip.tsx", source)))) == [
        "console/src/queues/strip.tsx BurnStrip",
        "console/src/queues/strip.tsx Trail",
    ]


def test_a_word_that_names_two_things_is_found():
    names = [*names_of("kpi/feeds.py", "class Feed: ..."), *names_of("intraday/models.py", "class Feed: ...")]
    assert doubled(names) == ["Feed"]
    assert doubled(names[:2]) == []
