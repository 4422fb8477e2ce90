"""No table is forgotten: each has a purge or a reason, and each column of text is known to name people or not."""

from datetime import UTC, datetime

import pytest
from django.apps import apps
from django.db import models

from intraday.jobs.leases import lease
from intraday.org.models import ApiKey, Organization
from intraday.retention import registry, tasks
from intraday.retention.personal_data import columns
from intraday.retention.registry import BOUNDED, PURGES, Purge, PurgesFailedError
from intraday.retention.tables import label
from tests.retention.rows import make

NOW = datetime(2026, 1, 31, 10, tzinfo=UTC)
EVERY = sorted(label(model) for model in apps.get_models(include_auto_created=True))


def test_every_table_is_purged_or_has_a_reason_not_to_be():
    purged = [table for purge in PURGES for table in purge.tables]
    assert sorted([*purged, *BOUNDED]) == EVERY


def test_every_column_of_text_is_known_to_name_people_or_not():
    """And none is listed that does not exist, or twice."""
    listed: list[tuple[str, str]] = []
    for known in (columns.OWN_ROWS, columns.EMPLOYEES, columns.ACCOUNTS, columns.PROSE, columns.NOBODY):
        listed += [(table, name) for table, names in known.items() for name in names]
    there = [
        (label(model), field.name)
        for model in apps.get_models(include_auto_created=True)
        if label(model) not in columns.OF_ACCOUNTS
        for field in model._meta.concrete_fields
        if isinstance(field, (models.CharField, models.TextField, models.JSONField))
        and not (field.choices or field.is_relation)
    ]
    assert sorted(listed) == sorted(there)


def test_a_purge_that_fails_stops_no_other_and_fails_the_job(
    organization: Organization, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def fails(*, now: datetime) -> int:
        raise RuntimeError("disk full")

    key = make("org.ApiKey", organization, revoked_at=datetime(2020, 1, 1, tzinfo=UTC))
    monkeypatch.setattr(registry, "PURGES", (Purge("broken", fails, ()), *PURGES))
    with pytest.raises(PurgesFailedError, match="broken"):
        registry.purge(now=NOW)
    assert not ApiKey.objects.filter(pk=key.pk).exists()
    [record] = [record for record in caplog.records if "purge_failed" in record.getMessage()]
    assert "broken" in record.getMessage()


def test_the_job_runs_every_purge_unless_another_worker_does(organization: Organization):
    make("org.ApiKey", organization, revoked_at=datetime(2020, 1, 1, tzinfo=UTC))
    with lease("purge"):
        assert tasks.purge() == 0
    assert tasks.purge() == 1
    assert tasks.purge() == 0
