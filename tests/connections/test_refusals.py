"""Errors of the database that pass by themselves are 503s with Retry-After on every page; others are errors of ours."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, InternalError, OperationalError, ProgrammingError, connection
from django.test import Client
from psycopg import errors
from rest_framework.test import APIClient

from intraday.connections.database import is_unavailable
from intraday.org.models import Organization
from tests.conftest import client_of

PASSING: dict[type[psycopg.Error], type[DatabaseError]] = {
    errors.ReadOnlySqlTransaction: InternalError,
    errors.IdleInTransactionSessionTimeout: InternalError,
    errors.QueryCanceled: OperationalError,
    errors.LockNotAvailable: OperationalError,
    errors.AdminShutdown: OperationalError,
    errors.CrashShutdown: OperationalError,
    errors.CannotConnectNow: OperationalError,
    errors.ConnectionFailure: OperationalError,
}
LASTING: dict[type[psycopg.Error], type[DatabaseError]] = {
    errors.InFailedSqlTransaction: InternalError,
    errors.UndefinedTable: ProgrammingError,
}


def as_django_raises(kind: type[psycopg.Error], wrapped: type[DatabaseError]) -> DatabaseError:
    error = wrapped("said by the server")
    error.__cause__ = kind("said by the server")
    return error


@pytest.mark.parametrize(("kind", "wrapped"), PASSING.items())
def test_errors_that_pass_by_themselves(kind: type[psycopg.Error], wrapped: type[DatabaseError]):
    assert is_unavailable(as_django_raises(kind, wrapped))


@pytest.mark.parametrize(("kind", "wrapped"), LASTING.items())
def test_errors_that_do_not(kind: type[psycopg.Error], wrapped: type[DatabaseError]):
    assert not is_unavailable(as_django_raises(kind, wrapped))


def failing(kind: type[psycopg.Error]) -> Callable[..., Any]:
    def fail(*_: Any) -> Any:
        raise as_django_raises(kind, {**PASSING, **LASTING}[kind])

    return fail


@pytest.fixture
def api(organization: Organization) -> APIClient:
    return client_of(organization)


@pytest.mark.parametrize("kind", [errors.ReadOnlySqlTransaction, errors.LockNotAvailable])
def test_the_api_and_pages_answer_503(api: APIClient, kind: type[psycopg.Error]):
    page = Client(raise_request_exception=False)
    page.cookies["sessionid"] = "a" * 32
    with connection.execute_wrapper(failing(kind)):
        answers = [api.get("/api/alerts"), page.get("/"), page.get("/admin/")]
    for answer in answers:
        assert (answer.status_code, answer["Retry-After"]) == (503, "2")
        assert answer.json()["code"] == "unavailable"


def test_a_page_that_fails_for_another_reason_answers_500(db: None):
    page = Client(raise_request_exception=False)
    page.cookies["sessionid"] = "a" * 32
    with connection.execute_wrapper(failing(errors.UndefinedTable)):
        assert page.get("/").status_code == 500
