"""A short run of the fuzz: what it found before stays found, and a new endpoint or page is asked at once."""

import pytest
from django.contrib import admin
from django.test import override_settings

from tests.fuzz import running, world
from tests.fuzz.page_forms import served_forms
from tests.fuzz.values import Raw, spell
from tests.rest.contract import document

COUNT = 300
NO_LIMIT = 10**9


@pytest.fixture
def tenant(transactional_db: None) -> world.World:
    return world.build()


@override_settings(ALLOWED_HOSTS=["testserver"], CALLS_PER_MINUTE_PERSON=NO_LIMIT, CALLS_PER_MINUTE_KEY=NO_LIMIT)
def test_no_hostile_input_is_answered_with_an_error_of_ours(tenant: world.World):
    tally = running.run(tenant, range(1, COUNT + 1), seed=20)
    assert not tally.failures, "\n".join(map(str, tally.failures))
    assert tally.statuses.total() == COUNT
    assert {200, 201, 302, 400, 403, 404} <= tally.statuses.keys()  # it gets through, and is refused


def test_every_endpoint_and_every_form_is_asked_in_an_order_that_the_seed_tells(tenant: world.World):
    forms = served_forms(tenant.browser(), tenant.rows)
    first, second = (running.inputs(tenant, 1, forms) for _ in "ab")
    made = [next(first) for _ in range(5_000)]
    assert made[:50] == [next(second) for _ in range(50)]
    paths = {sent.path for sent in made}
    assert {path for path in document()["paths"] if "{" not in path} <= paths
    assert {f"/admin/{model._meta.app_label}/{model._meta.model_name}/" for model in admin.site._registry} <= paths
    assert {"/signin", "/password", "/admin/alerts/rule/add/"} < {form.url for form in forms} <= paths


def test_json_is_spelled_as_it_is_meant():
    assert spell({"a": [Raw("1e400"), None, "\ud800"]}) == '{"a":[1e400,null,"\\ud800"]}'
