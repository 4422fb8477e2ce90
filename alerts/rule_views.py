"""Rules, previews, silences and the catalogue of metrics, for owners of rules."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError as Invalid
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from alerts import redaction, rule_services, schema, selectors
from alerts.serializers import (
    CreateRuleRequest,
    EditRuleRequest,
    PreviewRequest,
    SilenceRequest,
)
from alerts.views import actor, conflict
from intraday.clock.database import clock
from intraday.org.access import Grant, Principal
from intraday.rest.idempotency.views import idempotent
from intraday.rest.limits.quotas import compute_slot
from intraday.rest.pages import OfOrganization, ScopeQuery, read_body, read_query
from intraday.rest.permissions import SignedIn, check_organization_level, check_scope, enter


@contextmanager
def _by_field() -> Iterator[None]:
    try:
        yield
    except Invalid as error:
        raise ValidationError(error.message_dict) from error


def _owner(request: Request, stated: Mapping[str, Any], grant: str = Grant.RULES) -> Principal:
    """Enter as an owner of rules: rules are the organization's, so a person limited to departments is refused."""
    principal = enter(request, stated.get("organization_id"), grant=grant)
    check_organization_level(principal)
    return principal


def _fields(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in ("organization_id", "expected_version")}


def _part(serializer: type[OfOrganization], request: Request) -> dict[str, Any]:
    """Read a body that names only the fields to change."""
    checked = serializer(data=request.data, partial=True)
    checked.is_valid(raise_exception=True)
    return checked.validated_data  # type: ignore[no-any-return]


class MetricsView(APIView):
    """The metrics that a rule may watch."""

    permission_classes = [SignedIn]

    @extend_schema(**schema.METRICS)
    def get(self, request: Request) -> Response:
        query = read_query(OfOrganization, request.query_params)
        enter(request, query.get("organization_id"), grant="read")
        return Response({"items": selectors.catalogue()})


class RulesView(APIView):
    permission_classes = [SignedIn]

    @extend_schema(**schema.RULES)
    def get(self, request: Request) -> Response:
        """All rules of the organization."""
        query = read_query(OfOrganization, request.query_params)
        principal = _owner(request, query, "read")
        found = selectors.rules(principal.organization)
        return Response({"items": found if principal.sees_colleagues else list(map(redaction.rule, found))})

    @idempotent
    @extend_schema(**schema.CREATE_RULE)
    def post(self, request: Request) -> Response:
        """Make a rule; it is judged within the minute."""
        body = read_body(CreateRuleRequest, request)
        principal = _owner(request, body)
        with _by_field():
            rule = rule_services.create_rule(
                organization=principal.organization,
                fields=_fields(body),
                actor=actor(principal),
                now=clock.now(),
            )
        return Response(selectors.rule_as_dict(rule), status=status.HTTP_201_CREATED)


class RuleView(APIView):
    permission_classes = [SignedIn]

    @extend_schema(**schema.RULE)
    def get(self, request: Request, rule_id: UUID) -> Response:
        """A rule with its history."""
        query = read_query(OfOrganization, request.query_params)
        principal = _owner(request, query, "read")
        rule = rule_services.rule_of(principal.organization, rule_id)
        found = {**selectors.rule_as_dict(rule), "history": selectors.history(rule)}
        return Response(found if principal.sees_colleagues else redaction.rule(found))

    @extend_schema(**schema.EDIT_RULE)
    def patch(self, request: Request, rule_id: UUID) -> Response:
        """Change a rule. If its question changes it is judged anew; disabled, its open alerts are resolved."""
        body = _part(EditRuleRequest, request)
        principal = _owner(request, body)
        try:
            with _by_field():
                rule = rule_services.edit_rule(
                    organization=principal.organization,
                    rule_id=rule_id,
                    fields=_fields(body),
                    actor=actor(principal),
                    now=clock.now(),
                    expected_version=body.get("expected_version"),
                )
        except rule_services.VersionError as error:
            return conflict("version_conflict", str(error), selectors.rule_as_dict(error.rule))
        return Response(selectors.rule_as_dict(rule))

    @extend_schema(**schema.DELETE)
    def delete(self, request: Request, rule_id: UUID) -> Response:
        """Delete a rule and resolve its open alerts; they and its history stay."""
        query = read_query(OfOrganization, request.query_params)
        principal = _owner(request, query)
        rule_services.delete_rule(
            organization=principal.organization, rule_id=rule_id, actor=actor(principal), now=clock.now()
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


class PreviewView(APIView):
    """The alerts of a past period by a rule as it is and by a draft of it. Nothing is written."""

    permission_classes = [SignedIn]

    @extend_schema(**schema.PREVIEW)
    def post(self, request: Request) -> Response:
        body = read_body(PreviewRequest, request)
        principal = _owner(request, body)
        with _by_field(), compute_slot(principal.organization):
            return Response(rule_services.preview_rule(organization=principal.organization, **_fields(body)))


class SilencesView(APIView):
    permission_classes = [SignedIn]

    @extend_schema(**schema.SILENCES)
    def get(self, request: Request) -> Response:
        """Silences that hold or will; with a department or queue, those of exactly that one."""
        query = read_query(ScopeQuery, request.query_params)
        principal = enter(request, query.get("organization_id"), grant="read")
        place = {name: query[name] for name in rule_services.PLACE if name in query}
        found = selectors.silences(principal.organization, within=principal.departments, place=place, now=clock.now())
        return Response({"items": found if principal.sees_colleagues else list(map(redaction.silence, found))})

    @idempotent
    @extend_schema(**schema.CREATE_SILENCE)
    def post(self, request: Request) -> Response:
        """Alerts that match are raised, but nobody is told until it ends."""
        body = read_body(SilenceRequest, request)
        principal = enter(request, body.get("organization_id"), grant=Grant.SILENCE)
        check_silence(principal, body)
        with _by_field():
            silence = rule_services.create_silence(
                organization=principal.organization,
                fields=_fields(body),
                actor=actor(principal),
                now=clock.now(),
            )
        return Response(selectors.silence_as_dict(silence), status=status.HTTP_201_CREATED)


class SilenceView(APIView):
    permission_classes = [SignedIn]

    @extend_schema(**schema.SILENCE)
    def get(self, request: Request, silence_id: UUID) -> Response:
        """A silence, also one that is over."""
        query = read_query(OfOrganization, request.query_params)
        principal = enter(request, query.get("organization_id"), grant="read")
        silence = selectors.silence(principal.organization, silence_id, within=principal.departments)
        found = selectors.silence_as_dict(silence)
        return Response(found if principal.sees_colleagues else redaction.silence(found))

    @extend_schema(**schema.EDIT_SILENCE)
    def patch(self, request: Request, silence_id: UUID) -> Response:
        """Change a silence, such as its end."""
        body = _part(SilenceRequest, request)
        principal = enter(request, body.get("organization_id"), grant=Grant.SILENCE)
        silence = selectors.silence(principal.organization, silence_id, within=principal.departments)
        if "department_id" in body:
            check_silence(principal, body)
        with _by_field():
            changed = rule_services.edit_silence(silence=silence, fields=_fields(body), now=clock.now())
        return Response(selectors.silence_as_dict(changed))

    @extend_schema(**schema.DELETE)
    def delete(self, request: Request, silence_id: UUID) -> Response:
        """End it now."""
        query = read_query(OfOrganization, request.query_params)
        principal = enter(request, query.get("organization_id"), grant=Grant.SILENCE)
        silence = selectors.silence(principal.organization, silence_id, within=principal.departments)
        rule_services.end_silence(silence=silence, now=clock.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


def check_silence(principal: Principal, body: Mapping[str, Any]) -> None:
    """Check the place of a silence: a person limited to departments must name one, because names of queues repeat."""
    department = body.get("department_id") or ""
    if not department:
        check_organization_level(principal)
    check_scope(principal, department, body.get("queue_name") or "")
