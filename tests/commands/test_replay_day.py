"""A day of the bank's calls, posted by `manage.py replay` to a production process: the API gives the day back."""

import asyncio
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

import kpi.services
from intraday.org.models import Scope
from intraday.org.services import add_queues, create_organization
from tests.conftest import key_of
from tests.live import ROOT, Caller, ProcessServer

LOG = Path(__file__).parents[2].parent / "shared" / "data" / "bank_calls_1999-02-14_week.csv.gz"
QUEUES = ("IN", "NE", "NW", "PE", "PS", "TT")
DAY = ["--from", "1999-02-14T07:00", "--to", "1999-02-15T01:00", "--every", "2h"]
# ../shared/data/README.md
OFFERED, ANSWERED, ABANDONED, IN_TIME, ASA, AHT = 1522, 1394, 128, 1099, 18.2, 147.3

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not LOG.exists(), reason="needs the real call log in ../shared/data"),
]


@pytest.fixture
def key(transactional_db: None) -> str:
    """A key of the bank, in its own time zone; abandoned calls count against the service level."""
    bank = create_organization(id="org_123", name="Bank", time_zone="Asia/Jerusalem")
    add_queues(bank, [("bank", queue) for queue in QUEUES])
    for scope in Scope.objects.filter(organization=bank).exclude(queue_name=""):
        kpi.services.configure(scope, {"abandon_policy": "negative"}, now=timezone.now())
    return key_of(bank)


async def test_the_day_comes_back_as_it_was_published(key: str):
    with ProcessServer.serve() as server:
        await replay(server, key)
        async with Caller(server, key) as api:
            asked = {"department_id": "bank", "date": "1999-02-14"}
            grid = (await api.get("/api/intraday/kpi/intervals", **asked)).json()
            history = (await api.get("/api/intraday/kpi/history", department_id="bank", limit=100)).json()["items"]
            people = (await api.get("/api/intraday/attendance/history", department_id="bank", limit=100)).json()[
                "items"
            ]
    assert grid["time_zone"] == "Asia/Jerusalem"
    day = sums(grid["intervals"])
    assert (day["offered"], day["answered"], day["abandoned"], day["in_time"]) == (
        OFFERED,
        ANSWERED,
        ABANDONED,
        IN_TIME,
    )
    assert day["waited"] / day["answered"] == pytest.approx(ASA, abs=0.06)
    assert day["handled"] / day["answered"] == pytest.approx(AHT, abs=0.06)
    evening = next(item for item in history if item["timestamp"] == "1999-02-14T21:00:00Z")  # an hour before its end
    assert evening["sla_risk"]["day_service_level"] == pytest.approx(100 * IN_TIME / OFFERED, abs=1.0)
    assert max(item["unscheduled_count"] for item in people) > 5


def sums(intervals: list[dict[str, Any]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for each in intervals:
        if each["offered"] is not None:
            found.update({name: each[name] for name in ("offered", "answered", "abandoned")})
            found["in_time"] += round((each["service_level"] or 0) / 100 * (each["answered"] + each["abandoned"]))
            found["waited"] += (each["asa_seconds"] or 0) * each["answered"]
            found["handled"] += (each["aht_seconds"] or 0) * each["answered"]
    return found


async def replay(server: ProcessServer, key: str) -> None:
    words = ["manage.py", "replay", "bank", str(LOG), *DAY, "--url", server.http]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *words,
        cwd=ROOT,
        env=os.environ | {"INTRADAY_API_KEY": key},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0, printed.decode()
