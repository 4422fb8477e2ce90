"""`manage.py check --deploy`: settings of production that would only be noticed when something is missing."""

from typing import Any

import pytest
from django.core.checks import run_checks

GOOD = {
    "EMBEDDED": False,
    "EMAIL_URL": "smtp+tls://intraday:secret@mail.example:587",
    "DEFAULT_FROM_EMAIL": "intraday@console.example",
    "MAIL_DOMAIN": "console.example",
    "BASE_URL": "https://console.example",
    "TRUSTED_PROXIES": 1,
}


def found(settings: Any, **changes: Any) -> set[str]:
    for name, value in {**GOOD, **changes}.items():
        setattr(settings, name, value)
    ids = {str(message.id) for message in run_checks(include_deployment_checks=True)}
    return {each for each in ids if each.startswith("intraday.")}


def test_a_complete_production_has_nothing_to_say(settings: Any):
    assert found(settings) == set()


@pytest.mark.parametrize(
    ("changes", "ids"),
    [
        ({"EMAIL_URL": ""}, {"intraday.E010"}),
        ({"EMAIL_URL": "dummymail://"}, set()),  # said so: webhooks alone
        ({"MAIL_DOMAIN": "localhost", "DEFAULT_FROM_EMAIL": "intraday@localhost"}, {"intraday.E011"}),
        ({"MAIL_DOMAIN": "localhost", "EMAIL_URL": "dummymail://"}, set()),
        ({"BASE_URL": "http://localhost:5000"}, {"intraday.E012"}),
        ({"BASE_URL": "https://127.0.0.2"}, {"intraday.E012"}),
        ({"BASE_URL": "http://[::1]:8080"}, {"intraday.E012"}),
        ({"BASE_URL": "http://0.0.0.0"}, {"intraday.E012"}),
        ({"BASE_URL": "https://console.localhost"}, {"intraday.E012"}),
        ({"BASE_URL": "http://10.0.0.4"}, set()),
        ({"BASE_URL": "https://localhost.example"}, set()),
        ({"TRUSTED_PROXIES": 0}, {"intraday.W010"}),
        ({"TRUSTED_PROXIES": -1}, {"intraday.E013"}),
        ({"MAX_REQUEST_BYTES": 0}, {"intraday.E030"}),
        ({"WORKER_NICE": -1}, {"intraday.E014"}),
        ({"WORKER_NICE": 19}, set()),
    ],
)
def test_each_gap_is_named(settings: Any, changes: dict[str, Any], ids: set[str]):
    assert found(settings, **changes) == ids


def test_the_embedded_run_needs_none_of_it(settings: Any):
    gaps = {"EMAIL_URL": "", "MAIL_DOMAIN": "localhost", "BASE_URL": "http://localhost:5000", "TRUSTED_PROXIES": 0}
    assert found(settings, EMBEDDED=True, **gaps) == set()
