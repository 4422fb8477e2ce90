"""A caller that holds every answer against `/api/schema`: a status or a field that it does not name fails the test."""

from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator
from rest_framework.test import APIClient

from intraday.org.models import Organization
from tests.conftest import key_of

Schema = dict[str, Any]
LARGE = 100_000  # bytes of answers whose rows are many of one kind: to look at each takes seconds


@cache
def document() -> Schema:
    """The OpenAPI document, as `/api/schema` serves it."""
    return SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-any-return,no-untyped-call]


@cache
def validator(path: str, method: str, status: int, media_type: str) -> Draft202012Validator | None:
    """Return the validator of an answer; None if no JSON body is promised. Raises KeyError for unknown names."""
    answer = document()["paths"][path][method]["responses"][str(status)]
    content = answer.get("content", {})
    if media_type != "application/json" or media_type not in content:
        return None
    components = {"schemas": {name: strict(part) for name, part in document()["components"]["schemas"].items()}}
    return Draft202012Validator({**strict(content[media_type]["schema"]), "components": components})


def strict(schema: Any) -> Any:
    """OpenAPI 3.0 as JSON Schema; fields that are not named are refused: the document shall be complete."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: strict(part) for name, part in schema.items() if name != "nullable"}
    if "properties" in schema and "additionalProperties" not in schema:
        found["additionalProperties"] = False
    return {"anyOf": [found, {"type": "null"}]} if schema.get("nullable") is True else found


def check(method: str, path: str, response: Any) -> None:
    known = document()["paths"].get(path, {})
    if method.lower() not in known:
        return  # OPTIONS, or a method that is refused
    media_type = response.headers.get("Content-Type", "").partition(";")[0]
    try:
        found = validator(path, method.lower(), response.status_code, media_type)
    except KeyError:
        raise AssertionError(f"/api/schema has no {response.status_code} for {method} {path}") from None
    if found is not None and len(response.content) < LARGE:
        found.validate(response.json())


class ContractClient(APIClient):
    def request(self, **kwargs: Any) -> Any:
        response = super().request(**kwargs)
        check(kwargs["REQUEST_METHOD"], kwargs["PATH_INFO"], response)
        return response


def contract_client(organization: Organization, *scopes: str) -> ContractClient:
    """A caller with an API key of this organization, which may ingest and read unless told otherwise."""
    document()  # here, because making it is not safe in the threads that some tests start
    client = ContractClient()
    client.credentials(HTTP_AUTHORIZATION=f"Api-Key {key_of(organization, *scopes)}")
    return client
