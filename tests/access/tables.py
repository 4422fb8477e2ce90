"""The design of access: each endpoint and each message of the socket, asked by each kind of caller about org_123.

An endpoint or a message that is in neither table fails test_matrix: a new one needs its line.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rest_framework.test import APIClient

from tests.access import alerts as fixtures

# `limited` is an administrator of dept_456 alone; `key_999` a key with every scope, of another organization.
CALLERS = ["nobody", "stranger", "viewer", "analyst", "supervisor", "admin", "limited", "key_999", "revoked", "expired"]

REST = """
                                              nobody strang viewer analys superv admin  limit  key999 revok. expir.
POST api/schedulesbacklog/ingest       org    401    404    403    403    403    201    403    404    401    401
POST api/schedulesbacklog/ingest       own    401    404    403    403    403    201    201    404    401    401
POST api/schedulesbacklog/ingest       beside 401    404    403    403    403    201    404    404    401    401
POST api/schedulesbacklog/ingest       queue  401    404    403    403    403    201    400    404    401    401
POST api/schedulesbacklog/batch-ingest org    401    404    403    403    403    201    400    404    401    401
POST api/schedulesbacklog/batch-ingest own    401    404    403    403    403    201    201    404    401    401
POST api/schedulesbacklog/batch-ingest beside 401    404    403    403    403    201    400    404    401    401
POST api/schedulesbacklog/batch-ingest queue  401    404    403    403    403    201    400    404    401    401
POST api/intraday/backlog/ingest       org    401    404    403    403    403    201    403    404    401    401
POST api/intraday/backlog/ingest       own    401    404    403    403    403    201    201    404    401    401
POST api/intraday/backlog/ingest       beside 401    404    403    403    403    201    404    404    401    401
POST api/intraday/backlog/batch-ingest org    401    404    403    403    403    201    400    404    401    401
POST api/intraday/backlog/batch-ingest own    401    404    403    403    403    201    201    404    401    401
POST api/intraday/backlog/batch-ingest beside 401    404    403    403    403    201    400    404    401    401
GET  api/intraday/backlog/current      org    401    404    200    200    200    200    403    404    401    401
GET  api/intraday/backlog/current      own    401    404    200    200    200    200    200    404    401    401
GET  api/intraday/backlog/current      beside 401    404    200    200    200    200    404    404    401    401
GET  api/intraday/backlog/current      queue  401    404    200    200    200    200    404    404    401    401
GET  api/intraday/backlog/history      org    401    404    200    200    200    200    403    404    401    401
GET  api/intraday/backlog/history      own    401    404    200    200    200    200    200    404    401    401
GET  api/intraday/backlog/history      beside 401    404    200    200    200    200    404    404    401    401
GET  api/intraday/backlog/history      queue  401    404    200    200    200    200    404    404    401    401
POST api/intraday/attendance/ingest    org    401    404    403    403    403    201    403    404    401    401
POST api/intraday/attendance/ingest    own    401    404    403    403    403    201    201    404    401    401
POST api/intraday/attendance/ingest    beside 401    404    403    403    403    201    404    404    401    401
POST api/intraday/attendance/batch-ingest org    401    404    403    403    403    201    400    404    401    401
POST api/intraday/attendance/batch-ingest own    401    404    403    403    403    201    201    404    401    401
POST api/intraday/attendance/batch-ingest beside 401    404    403    403    403    201    400    404    401    401
POST api/intraday/attendance/shifts/batch-ingest own 401 404    403    403    403    201    201    404    401    401
POST api/intraday/attendance/shifts/batch-ingest beside 401 404 403    403    403    201    400    404    401    401
GET  api/intraday/attendance/current   org    401    404    200    200    200    200    403    404    401    401
GET  api/intraday/attendance/current   own    401    404    200    200    200    200    200    404    401    401
GET  api/intraday/attendance/current   beside 401    404    200    200    200    200    404    404    401    401
GET  api/intraday/attendance/current   queue  401    404    200    200    200    200    404    404    401    401
GET  api/intraday/attendance/history   org    401    404    200    200    200    200    403    404    401    401
GET  api/intraday/attendance/history   own    401    404    200    200    200    200    200    404    401    401
GET  api/intraday/attendance/history   beside 401    404    200    200    200    200    404    404    401    401
GET  api/intraday/attendance/history   queue  401    404    200    200    200    200    404    404    401    401
POST api/intraday/attendance/states/batch-ingest own 401 404   403    403    403    201    201    404    401    401
POST api/intraday/attendance/states/batch-ingest beside 401 404 403   403    403    201    400    404    401    401
GET  api/intraday/attendance/states    own    401    404    403    403    404    404    404    404    401    401
GET  api/intraday/attendance/states    beside 401    404    403    403    404    404    404    404    401    401
GET  api/intraday/attendance/states    beside 401    404    403    403    404    404    404    404    401    401
GET  api/intraday/attendance/by-state  org    401    404    200    200    200    200    403    404    401    401
GET  api/intraday/attendance/by-state  own    401    404    200    200    200    200    200    404    401    401
GET  api/intraday/attendance/by-state  beside 401    404    200    200    200    200    404    404    401    401
GET  api/intraday/attendance/by-state  queue  401    404    200    200    200    200    404    404    401    401
GET  api/intraday/attendance/adherence org    401    404    403    403    200    200    403    404    401    401
GET  api/intraday/attendance/adherence own    401    404    403    403    200    200    200    404    401    401
GET  api/intraday/attendance/adherence beside 401    404    403    403    200    200    404    404    401    401
GET  api/intraday/attendance/people    org    401    404    403    403    200    200    403    404    401    401
GET  api/intraday/attendance/people    own    401    404    403    403    200    200    200    404    401    401
GET  api/intraday/attendance/people    beside 401    404    403    403    200    200    404    404    401    401
POST api/intraday/kpi/ingest           own    401    404    403    403    403    201    201    404    401    401
POST api/intraday/kpi/ingest           beside 401    404    403    403    403    201    404    404    401    401
POST api/intraday/kpi/ingest           queue  401    404    403    403    403    201    400    404    401    401
POST api/intraday/kpi/batch-ingest     own    401    404    403    403    403    201    201    404    401    401
POST api/intraday/kpi/batch-ingest     beside 401    404    403    403    403    201    400    404    401    401
POST api/intraday/kpi/batch-ingest     queue  401    404    403    403    403    201    400    404    401    401
POST api/intraday/kpi/forecast/batch-ingest own    401    404    403    403    403    201    201    404    401    401
POST api/intraday/kpi/forecast/batch-ingest beside 401    404    403    403    403    201    400    404    401    401
POST api/intraday/kpi/forecast/batch-ingest queue  401    404    403    403    403    201    400    404    401    401
POST api/intraday/kpi/compute          org    401    404    403    201    201    201    403    404    401    401
POST api/intraday/kpi/compute          own    401    404    403    201    201    201    201    404    401    401
POST api/intraday/kpi/compute          beside 401    404    403    201    201    201    404    404    401    401
POST api/intraday/kpi/compute          queue  401    404    403    201    201    201    404    404    401    401
GET  api/intraday/kpi/current          org    401    404    200    200    200    200    403    404    401    401
GET  api/intraday/kpi/current          own    401    404    200    200    200    200    200    404    401    401
GET  api/intraday/kpi/current          beside 401    404    200    200    200    200    404    404    401    401
GET  api/intraday/kpi/current          queue  401    404    200    200    200    200    404    404    401    401
GET  api/intraday/kpi/history          org    401    404    200    200    200    200    403    404    401    401
GET  api/intraday/kpi/history          own    401    404    200    200    200    200    200    404    401    401
GET  api/intraday/kpi/history          beside 401    404    200    200    200    200    404    404    401    401
GET  api/intraday/kpi/history          queue  401    404    200    200    200    200    404    404    401    401
GET  api/intraday/kpi/intervals        org    401    404    200    200    200    200    403    404    401    401
GET  api/intraday/kpi/intervals        own    401    404    200    200    200    200    200    404    401    401
GET  api/intraday/kpi/intervals        beside 401    404    200    200    200    200    404    404    401    401
GET  api/intraday/kpi/intervals        queue  401    404    200    200    200    200    404    404    401    401
POST api/intraday/kpi/what-if          own    401    404    200    200    200    200    200    404    401    401
POST api/intraday/kpi/what-if          beside 401    404    200    200    200    200    404    404    401    401
POST api/intraday/kpi/what-if          queue  401    404    200    200    200    200    404    404    401    401
GET  api/intraday/kpi/suggestions      org    401    404    200    200    200    200    403    404    401    401
GET  api/intraday/kpi/suggestions      own    401    404    200    200    200    200    200    404    401    401
GET  api/intraday/kpi/suggestions      beside 401    404    200    200    200    200    404    404    401    401
GET  api/intraday/kpi/suggestions      queue  401    404    200    200    200    200    404    404    401    401
GET  api/intraday/actions              org    401    404    200    200    200    200    403    404    401    401
GET  api/intraday/actions              own    401    404    200    200    200    200    200    404    401    401
GET  api/intraday/actions              beside 401    404    200    200    200    200    404    404    401    401
GET  api/intraday/actions              queue  401    404    200    200    200    200    404    404    401    401
GET  api/intraday/story                org    401    404    200    200    200    200    403    404    401    401
GET  api/intraday/story                own    401    404    200    200    200    200    200    404    401    401
GET  api/intraday/story                beside 401    404    200    200    200    200    404    404    401    401
GET  api/intraday/story                queue  401    404    200    200    200    200    404    404    401    401
POST api/intraday/actions              org    401    404    403    201    201    201    403    404    401    401
POST api/intraday/actions              own    401    404    403    201    201    201    201    404    401    401
POST api/intraday/actions              beside 401    404    403    201    201    201    404    404    401    401
POST api/intraday/actions              queue  401    404    403    201    201    201    404    404    401    401
POST api/intraday/kpi/volume-confirmation org 401   404    403    200    200    200    403    404    401    401
POST api/intraday/kpi/volume-confirmation own 401   404    403    200    200    200    200    404    401    401
POST api/intraday/kpi/volume-confirmation beside 401 404   403    200    200    200    404    404    401    401
POST api/intraday/kpi/volume-confirmation queue 401 404    403    200    200    200    404    404    401    401
GET  api/intraday/feeds                org    401    404    200    200    200    200    403    404    401    401
GET  api/alerts                        org    401    404    200    200    200    200    200    404    401    401
GET  api/alerts                        own    401    404    200    200    200    200    200    404    401    401
GET  api/alerts                        beside 401    404    200    200    200    200    404    404    401    401
POST api/alerts/evaluate               org    401    404    403    200    200    200    403    404    401    401
POST api/alerts/acknowledge            org    401    404    403    200    200    200    200    404    401    401
GET  api/alerts/metrics                org    401    404    200    200    200    200    200    404    401    401
GET  api/alerts/rules                  org    401    404    200    200    200    200    403    404    401    401
POST api/alerts/rules                  org    401    404    403    403    403    201    403    404    401    401
POST api/alerts/rules/preview          org    401    404    403    403    403    200    403    404    401    401
GET  api/alerts/rules/<uuid:rule_id>   org    401    404    200    200    200    200    403    404    401    401
PATCH api/alerts/rules/<uuid:rule_id>  org    401    404    403    403    403    200    403    404    401    401
DELETE api/alerts/rules/<uuid:rule_id> own    401    404    403    403    403    204    403    404    401    401
GET  api/alerts/silences               org    401    404    200    200    200    200    200    404    401    401
POST api/alerts/silences               org    401    404    403    403    201    201    403    404    401    401
POST api/alerts/silences               own    401    404    403    403    201    201    201    404    401    401
POST api/alerts/silences               beside 401    404    403    403    201    201    404    404    401    401
GET  api/alerts/silences/<uuid:silence_id> own 401   404    200    200    200    200    200    404    401    401
GET  api/alerts/silences/<uuid:silence_id> beside 401 404   200    200    200    200    404    404    401    401
PATCH api/alerts/silences/<uuid:silence_id> own 401  404    403    403    200    200    200    404    401    401
PATCH api/alerts/silences/<uuid:silence_id> beside 401 404  403    403    200    200    404    404    401    401
DELETE api/alerts/silences/<uuid:silence_id> own 401 404    403    403    204    204    204    404    401    401
DELETE api/alerts/silences/<uuid:silence_id> beside 401 404 403    403    204    204    404    404    401    401
GET  api/alerts/<uuid:alert_id>        own    401    404    200    200    200    200    200    404    401    401
GET  api/alerts/<uuid:alert_id>        beside 401    404    200    200    200    200    404    404    401    401
POST api/alerts/<uuid:alert_id>/acknowledge own 401  404    403    200    409    409    409    404    401    401
POST api/alerts/<uuid:alert_id>/acknowledge beside 401 404  403    200    409    409    404    404    401    401
POST api/alerts/<uuid:alert_id>/resolve own   401    404    403    200    200    200    200    404    401    401
POST api/alerts/<uuid:alert_id>/resolve beside 401   404    403    200    200    200    404    404    401    401
POST api/alerts/<uuid:alert_id>/snooze own    401    404    403    200    200    200    200    404    401    401
POST api/alerts/<uuid:alert_id>/snooze beside 401    404    403    200    200    200    404    404    401    401
POST api/alerts/<uuid:alert_id>/unsnooze own  401    404    403    200    200    200    200    404    401    401
POST api/alerts/<uuid:alert_id>/unsnooze beside 401  404    403    200    200    200    404    404    401    401
GET  api/ws/stats                      org    401    404    200    200    200    200    403    404    401    401
GET  api/ws/connections                org    401    404    200    200    200    200    200    404    401    401
GET  api/ws/rooms                      org    401    404    200    200    200    200    200    404    401    401
GET  api/ws/sse                        org    401    404    406    406    406    406    403    404    401    401
GET  api/ws/sse                        own    401    404    406    406    406    406    406    404    401    401
GET  api/ws/sse                        beside 401    404    406    406    406    406    403    404    401    401
GET  api/ws/sse                        queue  401    404    406    406    406    406    406    404    401    401
POST api/ws/token                      user   401    404    200    200    200    200    200    404    401    401
POST api/ws/notifications              org    401    404    403    403    201    201    403    404    401    401
POST api/ws/notifications              own    401    404    403    403    201    201    201    404    401    401
POST api/ws/notifications              beside 401    404    403    403    201    201    404    404    401    401
POST api/ws/notifications              queue  401    404    403    403    201    201    404    404    401    401
POST api/ws/events                     org    401    404    403    403    201    201    403    404    401    401
POST api/ws/events                     own    401    404    403    403    201    201    201    404    401    401
POST api/ws/events                     beside 401    404    403    403    201    201    404    404    401    401
POST api/ws/events                     queue  401    404    403    403    201    201    404    404    401    401
GET  api/audit                         org    401    404    403    403    403    200    403    404    401    401
GET  api/keys                          org    401    404    403    403    403    200    403    404    401    401
POST api/keys                          org    401    404    403    403    403    201    403    404    401    401
POST api/keys/revoke                   org    401    404    403    403    403    404    403    404    401    401
GET  api/me/views                      org    401    404    200    200    200    200    200    404    401    401
POST api/me/views                      org    401    404    201    201    201    201    201    404    401    401
DELETE api/me/views/<uuid:view_id>     own    401    404    404    404    404    404    404    404    401    401
GET  api/walls                         org    401    404    403    403    200    200    200    404    401    401
POST api/walls                         org    401    404    403    403    201    201    403    404    401    401
POST api/walls                         own    401    404    403    403    201    201    201    404    401    401
POST api/walls                         beside 401    404    403    403    201    201    404    404    401    401
POST api/walls/revoke                  org    401    404    403    403    404    404    404    404    401    401
GET  api/schema                        none   200    200    200    200    200    200    200    200    200    200
GET  api/docs                          none   200    200    200    200    200    200    200    200    200    200
GET  asyncapi.json                     none   200    200    200    200    200    200    200    200    200    200
GET  docs                              none   302    200    200    200    200    200    200    302    302    302
GET  docs/search.json                  none   302    200    200    200    200    200    200    302    302    302
GET  docs/<path:path>                  none   302    404    404    404    404    404    404    302    302    302
GET  docs/errors                       none   200    200    200    200    200    200    200    200    200    200
GET  healthz                           none   200    200    200    200    200    200    200    200    200    200
GET  metrics                           none   200    200    200    200    200    200    200    200    200    200
GET  metrics/kpi                       org    401    404    200    200    200    200    403    404    401    401
GET  metrics/kpi                       own    401    404    200    200    200    200    200    404    401    401
GET  metrics/kpi                       beside 401    404    200    200    200    200    404    404    401    401
GET  metrics/kpi                       queue  401    404    200    200    200    200    404    404    401    401
GET  readyz                            none   200    200    200    200    200    200    200    200    200    200
GET                                    none   302    200    200    200    200    200    200    302    302    302
GET  alerts/<str:alert_id>             none   302    200    200    200    200    200    200    302    302    302
GET  audit                             none   302    200    200    200    200    200    200    302    302    302
GET  story                             none   302    200    200    200    200    200    200    302    302    302
GET  runbook                           none   302    200    200    200    200    200    200    302    302    302
GET  wall/<str:secret>                 none   404    404    404    404    404    404    404    404    404    404
GET  wall/<str:secret>/token           none   404    404    404    404    404    404    404    404    404    404
GET  .well-known/security.txt          none   404    404    404    404    404    404    404    404    404    404
GET  password                          none   302    200    200    200    200    200    200    302    302    302
GET  password/<uidb64>/<token>         none   200    200    200    200    200    200    200    200    200    200
GET  signin                            none   200    200    200    200    200    200    200    200    200    200
GET  signin/code                       none   302    302    302    302    302    302    302    302    302    302
GET  sso/<provider_id>                 none   404    404    404    404    404    404    404    404    404    404
GET  sso/<provider_id>/callback        none   404    404    404    404    404    404    404    404    404    404
GET  account                           none   302    200    200    200    200    200    200    302    302    302
GET  account/sessions/end              none   405    405    405    405    405    405    405    405    405    405
GET  account/confirm                   none   302    200    200    200    200    200    200    302    302    302
GET  account/confirm/code              none   302    302    302    302    302    302    302    302    302    302
GET  account/second-factor             none   302    302    302    302    302    302    302    302    302    302
GET  account/second-factor/remove      none   302    404    404    404    404    404    404    302    302    302
GET  account/recovery-codes            none   302    404    404    404    404    404    404    302    302    302
GET  account/recovery-codes/new        none   302    302    302    302    302    302    302    302    302    302
GET  password/forgotten                none   200    200    200    200    200    200    200    200    200    200
GET  signout                           none   405    405    405    405    405    405    405    405    405    405
"""

ORG = {"organization_id": "org_123"}
ASKED: dict[str, dict[str, Any]] = {
    "org": ORG,
    "own": ORG | {"department_id": "dept_456"},
    "beside": ORG | {"department_id": "dept_789"},
    "queue": ORG | {"queue_name": "claims"},  # of dept_789
    "user": ORG | {"user_id": "ben", "role": "viewer"},
    "none": {},
}
# A row of every kind at once: what a kind does not know it ignores.
ROW = {"snapshot_time": "2026-01-31T10:00:00Z", "total_items": 1, "average_wait_time_minutes": 1}
ROW |= {"employee_id": "ada", "status": "present", "state": "available", "since": "2026-01-31T10:00:00Z"}
ROW |= {"shift_id": "1", "start": "2026-01-31T09:00:00Z", "end": "2026-01-31T17:00:00Z", "kind": "work"}
SUPPORT = {"queue_name": "support"}  # of either department; a queue that is asked about stands
INTERVAL = {"interval_start": "2026-01-31T10:00:00Z", "interval_minutes": 30}
STATS = SUPPORT | INTERVAL | dict.fromkeys(("offered", "answered", "answered_in_target", "abandoned", "agents"), 1)
STATS |= {"handle_seconds": 60, "available_seconds": 60}
FORECAST = SUPPORT | INTERVAL | {"offered": 1, "aht_seconds": 60}
QUERIES: dict[str, dict[str, Any]] = {
    "api/intraday/attendance/states": {"employee_id": "nobody"},
    "api/ws/sse": {"channels": "backlog"},  # 406: it was found in order, and is answered by the ASGI server alone
}
BODIES: dict[str, dict[str, Any]] = {
    "api/ws/notifications": {"title": "Maintenance"},
    "api/ws/events": {"event": "acme:lunch", "payload": {}},
    "api/intraday/kpi/ingest": STATS,
    "api/intraday/kpi/batch-ingest": STATS,
    "api/intraday/kpi/forecast/batch-ingest": FORECAST,
    "api/intraday/kpi/what-if": SUPPORT,
    "api/intraday/actions": {"kind": "other", "note": "Asked for help."},
    "api/walls": {"name": "2nd floor"},
    "api/walls/revoke": {"wall_id": "777"},
    "api/keys": {"name": "acd", "scopes": ["ingest"]},
    "api/keys/revoke": {"key_id": "777"},
    "api/me/views": {"name": "mornings", "query": "state=critical"},
    "api/alerts/acknowledge": {"ids": list(fixtures.ALERTS.values())},
    "api/alerts/rules": fixtures.RULE,
    "api/alerts/rules/preview": {
        "draft": fixtures.RULE,
        "since": "2026-01-31T10:00:00Z",
        "until": "2026-01-31T11:00:00Z",
    },
    "api/alerts/silences": fixtures.SILENCE,
    "api/alerts/<uuid:alert_id>/snooze": {"minutes": 5},
}

SOCKET = """
                                            nobody stranger viewer analyst superv. admin limited key_999 revoked expired
authenticate                                  4401        *      *       *       *     *       *       *    4401    4401
subscribe   org_123                           anon   absent     ok      ok      ok    ok  forbid  absent    anon    anon
subscribe   org_123:dept:dept_456             anon   absent     ok      ok      ok    ok      ok  absent    anon    anon
subscribe   org_123:dept:dept_789             anon   absent     ok      ok      ok    ok  forbid  absent    anon    anon
subscribe   org_123:dept:dept_789:queue:claims anon  absent     ok      ok      ok    ok  forbid  absent    anon    anon
subscribe   org_123:queue:claims              anon   absent     ok      ok      ok    ok  inside  absent    anon    anon
ack         org_123                           anon   unsent     ok      ok      ok    ok      ok  unsent    anon    anon
subscribe   org_777                           anon   absent absent  absent  absent absent absent  absent    anon    anon
unsubscribe org_123                           anon   absent     ok      ok      ok    ok  forbid  absent    anon    anon
unsubscribe org_123:dept:dept_789             anon   absent     ok      ok      ok    ok  forbid  absent    anon    anon
ping                                            ok       ok     ok      ok      ok    ok      ok      ok      ok      ok
"""
ANSWERS = {"unsent": "not_subscribed", "anon": "not_authenticated", "absent": "not_found", "forbid": "forbidden"}


@dataclass(frozen=True)
class Line:
    words: tuple[str, ...]
    expected: dict[str, str]

    def __str__(self) -> str:
        return " ".join(self.words)


def lines(table: str) -> list[Line]:
    return list(_lines(table))


def _lines(table: str) -> Iterator[Line]:
    for text in table.strip().splitlines()[1:]:
        words = text.split()
        asked, expected = words[: -len(CALLERS)], words[-len(CALLERS) :]
        yield Line(tuple(asked), dict(zip(CALLERS, expected, strict=True)))


OPEN = {"api/schema", "api/docs"}
"""Descriptions of the API, which are open to everybody."""


def ask(client: APIClient, method: str, path: str, asked: str) -> Any:
    fields, named = ASKED[asked], fixtures.named(path, asked)
    if method == "GET":
        return client.get(f"/{named}", (ORG if "<uuid" in path else fields) | QUERIES.get(path, {}))
    if method == "DELETE":
        return client.delete(f"/{named}?organization_id=org_123")
    body = BODIES.get(path, ROW if "ingest" in path else {}) | fields
    call = client.post if method == "POST" else client.patch
    return call(f"/{named}", {"items": [body]} if "batch" in path else body, format="json")


def path_of(line: Line) -> str:
    return "" if len(line.words) == 2 else line.words[1]


def is_page(line: Line) -> bool:
    return path_of(line) in OPEN or not path_of(line).startswith(("api/", "metrics/kpi"))
