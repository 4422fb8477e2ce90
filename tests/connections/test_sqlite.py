"""The embedded run's database: its writing transactions take turns, whatever becomes of them."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.live import ROOT

WRITERS = """
import threading
from django.db import OperationalError, connection, transaction
from django.contrib.auth.models import Group
from intraday.connections.sqlite import base

held, order = threading.Event(), []

def write(name, fail=False):
    try:
        with transaction.atomic():
            order.append(name)
            Group.objects.create(name=name)
            if name == "first":
                held.wait(20)
            if fail:
                raise ValueError
    except ValueError:
        pass
    finally:
        connection.close()

threads = []
def start(name, fail=False):
    waiting = base._writers.waiting
    threads.append(threading.Thread(target=write, args=(name, fail)))
    threads[-1].start()
    while base._writers.waiting == waiting and name not in order:
        pass

for number, name in enumerate(["first", "b", "c", "d", "e"]):
    start(name, fail=name == "c")
assert Group.objects.count() == 0, "who reads waits for nobody"
held.set()
for thread in threads:
    thread.join(20)
assert order == ["first", "b", "c", "d", "e"], order
assert sorted(Group.objects.values_list("name", flat=True)) == ["b", "d", "e", "first"]

# A connection that is closed within its transaction lets others write; one within another is one turn.
connection.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
assert base._writers.admitted == 1
connection.close()
assert base._writers.admitted == 0
with transaction.atomic(), transaction.atomic():
    assert base._writers.admitted == 1
assert base._writers.admitted == 0

# An error is told after the time that a writer may wait, and leaves nothing held.
base.WAIT_SECONDS = 0.05
assert base._writers.acquire(seconds=0)
try:
    with transaction.atomic():
        raise AssertionError("two write at once")
except OperationalError as error:
    assert "other threads have written for" in str(error), error
base._writers.release()
with transaction.atomic():
    Group.objects.create(name="last")
print("all well")
"""


@pytest.mark.timeout(120)
def test_writers_take_turns_in_order_and_none_keeps_its_turn(tmp_path: Path):
    environment = {"PATH": "/usr/bin:/bin", "INTRADAY_VAR": str(tmp_path), "INTRADAY_DEMO": "0"}
    manage = [sys.executable, "manage.py"]
    for command in (["migrate", "-v0"], ["shell", "-c", WRITERS]):
        done = subprocess.run(
            [*manage, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100, check=False
        )
        assert done.returncode == 0, done.stderr
    assert "all well" in done.stdout
