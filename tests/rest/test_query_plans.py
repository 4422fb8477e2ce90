"""The main reads go by an index, however much has been stored: docs/query-plans.md shows them over more rows."""

import pytest

from bench.plans import READS, fill, plans
from bench.plans_fill import TABLES
from bench.query_plans import scans

ROWS = 100_000


@pytest.mark.django_db(transaction=True, databases=["default", "snapshot"])
def test_no_main_read_goes_through_a_table_of_100_000_rows_from_end_to_end():
    found = plans(fill(ROWS))
    assert found.keys() == READS.keys()
    assert TABLES["backlog_snapshot"] == TABLES["kpi_kpisnapshot"] == TABLES["realtime_segment"] == ROWS
    assert scans(found, TABLES) == []
    assert scans({"all": ["Seq Scan on kpi_kpisnapshot"]}, TABLES) == ["all"]
