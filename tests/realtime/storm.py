"""Eight writers, several streams, rollbacks among them, and a reader who watches. On any database:

DATABASE_URL= INTRADAY_VAR=/tmp/somewhere python -m tests.realtime.storm
"""

import json
import os
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

SEED = 20260131
WRITERS, COMMITS = 8, 18
PLACES = [("org_123", "backlog"), ("org_123", "custom"), ("org_999", "backlog"), ("org_999", "system")]
"""In the order in which streams are locked."""


class Undone(Exception):  # noqa: N818
    pass


class Storm:
    """Every published note names a Scope that the same transaction made: the data that the event speaks of."""

    def __init__(self) -> None:
        from intraday.org.services import create_organization

        for organization in ("org_123", "org_999"):
            create_organization(id=organization, name=organization)
        self.clock = count()
        self.began: dict[int, int] = {}  # note -> moment before its transaction
        self.ended: dict[int, int] = {}  # note -> moment after its commit
        self.undone: set[int] = set()
        self.seen: dict[str, list[int]] = {f"{channel}:org:{organization}": [] for organization, channel in PLACES}
        self.over = threading.Event()

    def blow(self) -> None:
        with ThreadPoolExecutor(WRITERS + 1) as pool:
            watching = pool.submit(closing(self._watch))
            try:
                for writing in [pool.submit(closing(self._write), writer) for writer in range(WRITERS)]:
                    writing.result(120)
            finally:
                self.over.set()
            watching.result(60)

    # --- writing -----------------------------------------------------------------------------------------------------
    def _write(self, writer: int) -> None:
        dice = random.Random(SEED + writer)
        numbers = count(writer * 10_000)
        for _ in range(COMMITS):
            self._commit(dice, numbers, fate=dice.choice(["commit", "commit", "outer", "savepoint"]))

    def _commit(self, dice: random.Random, numbers: Any, *, fate: str) -> None:
        from django.db import transaction

        chosen = sorted(dice.sample(range(len(PLACES)), dice.randint(1, len(PLACES))))
        began, kept, undone = next(self.clock), [], []
        try:
            with transaction.atomic():
                if fate == "savepoint":
                    undone += self._undo(dice, numbers, chosen)
                for place in chosen:
                    kept += self._publish(place, dice, numbers)
                if fate == "outer":
                    raise Undone
        except Undone:
            undone, kept = undone + kept, []
        moment = next(self.clock)
        self.undone.update(undone)
        for number in kept:
            self.began[number], self.ended[number] = began, moment

    def _undo(self, dice: random.Random, numbers: Any, chosen: list[int]) -> list[int]:
        from django.db import transaction

        undone: list[int] = []
        try:
            with transaction.atomic():
                for place in chosen:
                    undone += self._publish(place, dice, numbers)
                raise Undone
        except Undone:
            return undone

    @staticmethod
    def _publish(place: int, dice: random.Random, numbers: Any) -> list[int]:
        from intraday.org.models import Scope
        from realtime.publish import publish
        from tests.realtime.notes import Note

        organization, channel = PLACES[place]
        mine = [next(numbers) for _ in range(dice.randint(1, 3))]
        scopes = [Scope.objects.create(organization_id=organization, department_id=f"{channel}-{n}") for n in mine]
        publish(channel, [(scope, lambda n=n: Note(number=n)) for scope, n in zip(scopes, mine, strict=True)])
        return mine

    # --- reading -----------------------------------------------------------------------------------------------------
    def _watch(self) -> None:
        """Check that the visible log has no gap: a later event never shows before an earlier one."""
        from realtime.eventlog import store

        last = False
        while not last:
            last = self.over.is_set()
            for stream, seen in self.seen.items():
                page = store.read(stream, after=len(seen), max_events=10_000, max_bytes=10**8)
                if page is None:
                    continue  # no event yet
                assert page.complete
                assert [record.seq for record in page.records] == list(range(len(seen) + 1, page.head + 1))
                seen += [json.loads(record.full)["data"]["number"] for record in page.records]

    # --- the verdict -------------------------------------------------------------------------------------------------
    def check(self) -> dict[str, int]:
        from intraday.org.models import Scope
        from realtime.models import Segment, Stream

        logged = [number for seen in self.seen.values() for number in seen]
        assert sorted(logged) == sorted(self.ended), "committed events, and no other, are in the log once"
        assert not self.undone & set(logged)
        data = {f"{scope.organization_id}/{scope.department_id}" for scope in Scope.objects.exclude(department_id="")}
        events = {
            f"{stream.split(':org:')[1]}/{stream.split(':')[0]}-{number}"
            for stream, seen in self.seen.items()
            for number in seen
        }
        assert events == data, "no event without its data, no data without its event"
        for stream, seen in self.seen.items():
            self._check_order(seen)
            assert Stream.objects.get(name=stream).head == len(seen)
            stamps = [segment.committed_at for segment in Segment.objects.filter(stream=stream).order_by("last_seq")]
            assert stamps == sorted(stamps), "time does not go back in a stream"
        return {"events": len(logged), "undone": len(self.undone), "streams": len(self.seen)}

    def _check_order(self, seen: list[int]) -> None:
        """Assert that events of a transaction stand after all that had committed before it began."""
        latest_begin = -1
        for number in seen:
            assert self.ended[number] > latest_begin
            latest_begin = max(latest_begin, self.began[number])


def closing(function: Callable[..., None]) -> Callable[..., None]:
    def call(*args: Any) -> None:
        from django.db import connections

        try:
            function(*args)
        finally:
            for connection in connections.all(initialized_only=True):
                connection.close()

    return call


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "intraday.settings"
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    storm = Storm()
    storm.blow()
    print(json.dumps(storm.check()))  # noqa: T201


if __name__ == "__main__":
    main()
