"""The preview of a rule's draft: in words, as alerts, and drawn."""

from datetime import datetime, timedelta
from typing import Any

from alerts import rule_services
from alerts.admin.curves import Previewed, draw, in_words
from alerts.evaluation.figure_providers import PROVIDERS
from alerts.models import Rule
from alerts.rules.catalogue import Metric, find
from alerts.rules.messages import describe_rule, format_span, format_value
from alerts.rules.validation import with_defaults
from intraday.clock.database import clock

PREVIEW = timedelta(hours=24)
MOST_DRAWN = 6


def previewed(form: Any, rule: Rule | None) -> dict[str, Any]:
    """Return what the page shows of the form's draft on the last day, beside the rule as it is."""
    now, fields = clock.now(), with_defaults(form.said)
    metric = find(fields["source"], fields["metric"])
    answer = rule_services.preview_rule(
        organization=form.organization,
        since=now - PREVIEW,
        until=now,
        rule_id=rule.pk if rule else None,
        draft=form.said,
        with_curves=True,
    )
    stored = {} if rule is None else {"current": (rule, find(rule.source, rule.metric))}
    judged = {**stored, "draft": (rule_services.draft_rule(form.organization, form.said, rule), metric)}
    return {
        "in_words": describe_rule(fields, metric),
        "versions": {
            name: _version(answer[name], *judged[name], answer) for name in ("current", "draft") if answer[name]
        },
        "since": answer["since"],
        "until": answer["until"],
        "zone": form.organization.time_zone,
        "kept": PROVIDERS.by_name[metric.provider].past is not None,
    }


def _version(version: dict[str, Any], rule: Rule, metric: Metric, answer: dict[str, Any]) -> dict[str, Any]:
    until = answer["until"]
    charts = draw(version["curves"], Previewed(rule, metric, version["alerts"], until))
    return {
        **version,
        "alerts": [_row(row, until) for row in version["alerts"]],
        "charts": charts[:MOST_DRAWN],
        "places": len(charts),
    }


def _row(episode: dict[str, Any], until: datetime) -> dict[str, Any]:
    peak = episode["peak"]
    peak = format_value(peak, "") if peak is not None else ""
    shown = {"place": in_words(**episode["scope"]), "begin": episode["from"], "peak": peak}
    return {**episode, **shown, "lasted": _lasted((episode["to"] or until) - episode["from"])}


def _lasted(span: timedelta) -> str:
    """Format the span in whole minutes or a larger unit."""
    return format_span(max(1, round(span.total_seconds() / 60)) * 60)
