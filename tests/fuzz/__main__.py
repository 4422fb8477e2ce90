"""python -m tests.fuzz [--inputs N] [--seed N] [--first N]: hostile requests to every endpoint, form and page.

It starts a PostgreSQL and a Valkey of its own. It ends with 1 where an input was answered with 500 or above, or where
memory grew by more than a tenth between the first tenth of the inputs and the last.
"""

import argparse
import os
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from tests.fuzz.loopback import guard
from tests.services import Postgres, Valkey

if TYPE_CHECKING:
    from tests.fuzz.running import Tally

GROWTH = 0.10
NO_LIMIT = str(10**9)
ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "intraday.settings",
    "SECRET_KEY": "only-for-tests-" + "x" * 40,
    "EMAIL_URL": "dummymail://",
    "INTRADAY_ALLOWED_HOSTS": "testserver",
    "INTRADAY_LOG_LEVEL": "CRITICAL",
    "INTRADAY_ACCESS_LOG": "0",
    "INTRADAY_CALLS_PER_MINUTE_PERSON": NO_LIMIT,
    "INTRADAY_CALLS_PER_MINUTE_KEY": NO_LIMIT,
}


def say(text: str) -> None:
    sys.stdout.write(text.encode("utf-8", "backslashreplace").decode() + "\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Hostile requests, counted.")
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=1, help="begin with this one: --first 4711 --inputs 1 repeats it")
    options = parser.parse_args()
    with ExitStack() as stack:
        os.environ["DATABASE_URL"] = stack.enter_context(Postgres()).url
        os.environ["REDIS_URL"] = stack.enter_context(Valkey()).url
        os.environ.update(ENVIRONMENT)
        import django  # reads the settings, which read the environment

        django.setup()
        guard()
        return fuzz(range(options.first, options.first + options.inputs), options.seed)


def fuzz(numbers: range, seed: int) -> int:
    from django.test.utils import setup_databases

    from tests.fuzz import running, world

    setup_databases(verbosity=0, interactive=False)  # they go with their server
    begun, memory, known = time.monotonic(), [], set()

    def tell(number: int, tally: "Tally") -> None:
        if tally.failures and tally.failures[-1].number == number and tally.failures[-1].fault not in known:
            known.add(tally.failures[-1].fault)
            say(str(tally.failures[-1]))
        if (number - numbers.start + 1) % max(1, len(numbers) // 10) == 0:
            memory.append(running.resident_megabytes())
            line = f"{number:>8} inputs  {time.monotonic() - begun:6.0f} s  {memory[-1]:7.1f} MB resident"
            say(f"{line}  {len(tally.failures)} of 500 and above")

    tally = running.run(world.build(), numbers, seed=seed, tell=tell)
    return report(tally, memory[-1] / memory[0] - 1)


def report(tally: "Tally", grown: float) -> int:
    say("answers: " + ", ".join(f"{status}: {number}" for status, number in sorted(tally.statuses.items())))
    for seconds, number, address in tally.slowest:
        say(f"slowest: {seconds:.2f} s of this process for input {number}, {address[:120]}")
    total = tally.statuses.total()
    say(f"{total} inputs, {len(tally.failures)} answers of 500 and above, memory {grown:+.1%} since the first tenth")
    return 1 if tally.failures or grown > GROWTH else 0


if __name__ == "__main__":
    sys.exit(main())
