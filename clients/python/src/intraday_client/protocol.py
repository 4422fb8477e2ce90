"""Messages that the server sends and takes on /ws. Made by `make types`: do not edit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, Literal, NotRequired, TypeAlias, TypedDict, TypeVar


class Authenticate(TypedDict):
    """
    A token: a signed one, or an API key with the scope `read`. In the browser of a signed-in person the organization
    alone. In demo mode any user of the demo organization.
    """

    token: NotRequired[str | None]
    user_id: NotRequired[str | None]
    organization_id: NotRequired[str | None]


Channel: TypeAlias = str


Room: TypeAlias = str


class Position(TypedDict):
    """
    A place in a stream: everything up to `seq` of this epoch is known.
    """

    epoch: str
    seq: int


class Unsubscribe(TypedDict):
    channels: NotRequired[list[Channel]]
    organization_id: NotRequired[str | None]
    department_id: NotRequired[str | None]
    queue_name: NotRequired[str | None]
    rooms: NotRequired[list[Room]]


class Ack(TypedDict):
    """
    Everything of this stream up to `seq` has arrived. Answered only if it cannot be.
    """

    stream: str
    seq: int


class Ping(TypedDict):
    pass


class Welcome(TypedDict):
    """
    The first message of every connection.
    """

    connection_id: str
    heartbeat_seconds: int
    protocol: str
    version: int


class Authenticated(TypedDict):
    """
    `expires_at` is when to authenticate again on the same connection; null where nothing expires.
    """

    user_id: str
    organization_id: str
    role: str
    expires_at: str | None


class Problem(TypedDict):
    """
    The reason why a room was refused.
    """

    code: str
    message: str


class Unsubscribed(TypedDict):
    """
    The rooms that are no longer heard. Without `id` the server has taken them away, and says why.
    """

    rooms: list[str]
    code: NotRequired[str]
    message: NotRequired[str]


class Pong(TypedDict):
    server_time: str


class Error(TypedDict):
    """
    A request was refused; the connection stays open unless a close follows. `refused`: each room that was asked.
    """

    code: str
    message: str
    id: NotRequired[str | int]
    refused: NotRequired[dict[str, Problem]]


class Heartbeat(TypedDict):
    """
    Moves the cursors of quiet rooms: what lies before `position` will not come any more.
    """

    position: dict[str, Position]


class Batch(TypedDict):
    """
    The events of one interval of `batch_ms`, whole, without those that a later one replaces.
    """

    stream: str
    conflated: int
    events: list[dict[str, Any]]


class Conflated(TypedDict):
    """
    The client was far behind: so many events were left out, each replaced by a later one that follows.
    """

    stream: str
    count: int


class Reconnect(TypedDict):
    """
    The server process stops: a close (1012) follows. The client comes back after that time, with its positions.
    """

    retry_after_ms: int


class Utilization(TypedDict):
    """
    The load of agents (DOMAIN 3.2). Utilization is the COPC form, of paid time; `status` judges occupancy.

    `lower_bound` is true where agents handle several contacts at once: they are at least that busy (DOMAIN 1.4).
    """

    current_utilization: float | None
    occupancy: float | None
    target_min: float
    target_max: float
    status: Literal["critical", "high", "low", "ok"] | None
    productive_seconds: float | None
    paid_seconds: float | None
    handle_seconds: float | None
    ready_seconds: float | None
    agents_on_shift: int | None
    window_seconds: float | None
    lower_bound: NotRequired[bool]


class HeadcountGap(TypedDict):
    """
    Available minus required agents of the running interval (DOMAIN 3.3): negative is short. All are heads at work.

    A person is counted once. `available_source`: "feed" is a distinct count posted for a department or organization,
    "acd_overlapping" a sum of the ACD's counts in which people of several queues may be more than one.
    `short_percent` is 0 inside the dead-band.
    """

    required: int | None
    scheduled: int | None
    available: int | None
    available_source: Literal["acd", "acd_overlapping", "attendance", "feed"] | None
    gap: int | None
    shortfall: int | None
    gap_percent: float | None
    status: Literal["balanced", "critical_understaffed", "overstaffed", "understaffed"] | None
    method: Literal["erlang_a", "erlang_c", "manual", "workload"] | None
    interval_start: str | None
    short_percent: float | None


class SlaRisk(TypedDict):
    """
    The chance that the running interval misses its service level, given all that is known (DOMAIN 1.9, 3.3), and
    that the next full one will (`outlook_risk`). Above queues: the maximum.

    `required_rest` is the percent of the contacts still to come in this interval that must be in target: above 100 it
    is lost. `day_recovery_probability` is the chance in percent that the day still reaches its target.
    """

    risk_score: float | None
    risk_level: Literal["critical", "high", "low", "medium"] | None
    projected_service_level: float | None
    target_service_level: float | None
    target_seconds: float | None
    projected_asa_seconds: float | None
    unstable: bool | None
    projected_queue_end: float | None
    day_service_level: float | None
    day_required_rest: float | None
    day_recoverable: bool | None
    method: Literal["erlang_a", "erlang_c", "fluid", "workload"] | None
    queues_at_risk: NotRequired[int]
    outlook_risk: float | None
    required_rest: float | None
    day_recovery_probability: float | None


class Changes(TypedDict):
    """
    Against the snapshot before; all 0 and no baseline where there is none within 15 minutes (DOMAIN 3.5).
    """

    utilization_change: float
    headcount_gap_change: float
    sla_risk_change: float
    health_score_change: float
    baseline_timestamp: str | None


class Service(TypedDict):
    """
    The contacts of the newest measured interval so far (the running one, or the one that has just ended), and of
    today. Above queues: of realtime queues alone (`deferred` has the others).

    `service_level` counts every caller who waits past the target as missed; `service_level_answered` is of those
    answered, for reading only. `expected` contacts are of the running interval: the forecast times `reforecast_ratio`,
    corrected by its own run. `volume_variance_percent` compares `day_offered` with `day_forecast`: the same time of
    today, drops in volume left out.
    """

    offered: int | None
    forecast: float | None
    volume_variance_percent: float | None
    answered: int | None
    abandoned: int | None
    abandon_rate: float | None
    service_level: float | None
    day_service_level: float | None
    asa_seconds: float | None
    aht_seconds: float | None
    waiting_now: int | None
    longest_wait_seconds: float | None
    interval_start: str | None
    service_level_answered: float | None
    waiting_past_target: int | None
    forecast_so_far: float | None
    expected: float | None
    reforecast_ratio: float | None
    day_offered: float | None
    day_forecast: float | None


class Health(TypedDict):
    """
    The parts of `health_score`, each 0-100, and the state that capped it (DOMAIN 3.4).
    """

    sla: float | None
    staffing: float | None
    utilization: float | None
    cap_reason: str | None


class Reason(TypedDict):
    """
    A condition that holds: its value and the limit that it broke, in the unit of its code.
    """

    code: str
    value: float | None
    limit: float | None
    level: Literal["at_risk", "critical", "stale", "unknown"]


class Components(TypedDict):
    """
    The level of each part by itself; null where nothing is known of it.
    """

    service: Literal["at_risk", "critical", "ok"] | None
    staffing: Literal["at_risk", "critical", "ok"] | None
    backlog: Literal["at_risk", "critical", "ok"] | None
    volume: Literal["at_risk", "critical", "ok"] | None


class QueueCounts(TypedDict):
    """
    The number of queues of a department or organization at each level.
    """

    ok: int
    at_risk: int
    critical: int
    stale: int
    closed: int
    unknown: int


class DeferredWork(TypedDict):
    """
    Mails and cases of the deferred queues inside a level: never added to callers (DOMAIN 3.13).
    """

    queues: int
    offered: int | None
    answered: int | None
    forecast: float | None
    aht_seconds: float | None
    required: int | None
    available: int | None
    risk_score: float | None


class VolumeDrop(TypedDict):
    """
    Far fewer contacts than forecast: first of all a broken line (DOMAIN 1.9). `inherited`: judged on a level above,
    where this queue was offered nothing.
    """

    since: str
    offered: float
    forecast: float
    span_minutes: float
    inherited: bool


class AgeBucket(TypedDict):
    """
    The number of waiting items that are at least that old.
    """

    older_than_minutes: float
    items: int


class RecentCheckin(TypedDict):
    employee_id: str
    employee_name: str | None
    checked_in_at: str
    status: Literal["early", "late", "on_time", "unscheduled"]


class CheckedIn(TypedDict):
    """
    `attendance:checkin`: somebody came; `timestamp` is when.
    """

    organization_id: str
    department_id: NotRequired[str]
    employee_id: str
    employee_name: str | None
    timestamp: str
    status: Literal["early", "late", "on_time", "unscheduled"]
    late_minutes: float


class CheckedOut(TypedDict):
    """
    `attendance:checkout`: somebody left; `timestamp` is when.
    """

    organization_id: str
    department_id: NotRequired[str]
    employee_id: str
    employee_name: str | None
    timestamp: str
    left_early: bool


class AlertTriggered(TypedDict):
    """
    `alert:triggered`: new, or risen in severity; with `reminder` it waits still, or again: its acknowledgement or
    its silence has run out.
    """

    alert_id: str
    rule_id: str
    rule_name: str
    alert_type: str
    severity: Literal["critical", "high", "low", "medium"]
    source: Literal["attendance", "backlog", "kpi", "schedule"]
    organization_id: str
    department_id: NotRequired[str]
    queue_name: NotRequired[str]
    message: str
    metric: str
    unit: str
    current_value: float | str | None
    threshold_value: float | str | None
    status: Literal["acknowledged", "pending", "resolved"]
    triggered_at: str
    acknowledged_at: NotRequired[str]
    acknowledged_by: NotRequired[str]
    resolved_at: NotRequired[str]
    resolved_by: NotRequired[str]
    resolution: NotRequired[Literal["auto", "closed", "manual", "no_data", "orphaned", "rule_disabled"]]
    condition_cleared_at: NotRequired[str]
    note: NotRequired[str]
    occurrence_count: int
    last_seen_at: str
    breaching_since: NotRequired[str]
    peak_value: float | str | None
    escalation_level: int
    suppressed: bool
    snoozed_until: NotRequired[str]
    group_key: str
    previous_alert_id: NotRequired[str]
    runbook: NotRequired[str]
    version: int
    reminder: bool


class AlertAcknowledged(TypedDict):
    alert_id: str
    rule_id: str
    rule_name: str
    alert_type: str
    severity: Literal["critical", "high", "low", "medium"]
    source: Literal["attendance", "backlog", "kpi", "schedule"]
    organization_id: str
    department_id: NotRequired[str]
    queue_name: NotRequired[str]
    message: str
    metric: str
    unit: str
    current_value: float | str | None
    threshold_value: float | str | None
    status: Literal["acknowledged", "pending", "resolved"]
    triggered_at: str
    acknowledged_at: NotRequired[str]
    acknowledged_by: NotRequired[str]
    resolved_at: NotRequired[str]
    resolved_by: NotRequired[str]
    resolution: NotRequired[Literal["auto", "closed", "manual", "no_data", "orphaned", "rule_disabled"]]
    condition_cleared_at: NotRequired[str]
    note: NotRequired[str]
    occurrence_count: int
    last_seen_at: str
    breaching_since: NotRequired[str]
    peak_value: float | str | None
    escalation_level: int
    suppressed: bool
    snoozed_until: NotRequired[str]
    group_key: str
    previous_alert_id: NotRequired[str]
    runbook: NotRequired[str]
    version: int


class AlertResolved(TypedDict):
    alert_id: str
    rule_id: str
    rule_name: str
    alert_type: str
    severity: Literal["critical", "high", "low", "medium"]
    source: Literal["attendance", "backlog", "kpi", "schedule"]
    organization_id: str
    department_id: NotRequired[str]
    queue_name: NotRequired[str]
    message: str
    metric: str
    unit: str
    current_value: float | str | None
    threshold_value: float | str | None
    status: Literal["acknowledged", "pending", "resolved"]
    triggered_at: str
    acknowledged_at: NotRequired[str]
    acknowledged_by: NotRequired[str]
    resolved_at: NotRequired[str]
    resolved_by: NotRequired[str]
    resolution: NotRequired[Literal["auto", "closed", "manual", "no_data", "orphaned", "rule_disabled"]]
    condition_cleared_at: NotRequired[str]
    note: NotRequired[str]
    occurrence_count: int
    last_seen_at: str
    breaching_since: NotRequired[str]
    peak_value: float | str | None
    escalation_level: int
    suppressed: bool
    snoozed_until: NotRequired[str]
    group_key: str
    previous_alert_id: NotRequired[str]
    runbook: NotRequired[str]
    version: int


class AlertEscalated(TypedDict):
    alert_id: str
    rule_id: str
    rule_name: str
    alert_type: str
    severity: Literal["critical", "high", "low", "medium"]
    source: Literal["attendance", "backlog", "kpi", "schedule"]
    organization_id: str
    department_id: NotRequired[str]
    queue_name: NotRequired[str]
    message: str
    metric: str
    unit: str
    current_value: float | str | None
    threshold_value: float | str | None
    status: Literal["acknowledged", "pending", "resolved"]
    triggered_at: str
    acknowledged_at: NotRequired[str]
    acknowledged_by: NotRequired[str]
    resolved_at: NotRequired[str]
    resolved_by: NotRequired[str]
    resolution: NotRequired[Literal["auto", "closed", "manual", "no_data", "orphaned", "rule_disabled"]]
    condition_cleared_at: NotRequired[str]
    note: NotRequired[str]
    occurrence_count: int
    last_seen_at: str
    breaching_since: NotRequired[str]
    peak_value: float | str | None
    escalation_level: int
    suppressed: bool
    snoozed_until: NotRequired[str]
    group_key: str
    previous_alert_id: NotRequired[str]
    runbook: NotRequired[str]
    version: int


class AlertUpdated(TypedDict):
    """
    `alert:updated`: the status stays, something else changed: snoozed, silenced, its condition cleared, its rule
    edited; or its value or message moved, which is said at most once a minute and leaves the version as it was.
    """

    alert_id: str
    rule_id: str
    rule_name: str
    alert_type: str
    severity: Literal["critical", "high", "low", "medium"]
    source: Literal["attendance", "backlog", "kpi", "schedule"]
    organization_id: str
    department_id: NotRequired[str]
    queue_name: NotRequired[str]
    message: str
    metric: str
    unit: str
    current_value: float | str | None
    threshold_value: float | str | None
    status: Literal["acknowledged", "pending", "resolved"]
    triggered_at: str
    acknowledged_at: NotRequired[str]
    acknowledged_by: NotRequired[str]
    resolved_at: NotRequired[str]
    resolved_by: NotRequired[str]
    resolution: NotRequired[Literal["auto", "closed", "manual", "no_data", "orphaned", "rule_disabled"]]
    condition_cleared_at: NotRequired[str]
    note: NotRequired[str]
    occurrence_count: int
    last_seen_at: str
    breaching_since: NotRequired[str]
    peak_value: float | str | None
    escalation_level: int
    suppressed: bool
    snoozed_until: NotRequired[str]
    group_key: str
    previous_alert_id: NotRequired[str]
    runbook: NotRequired[str]
    version: int


class PredictedEffect(TypedDict):
    """
    The effect on one queue as the suggestion told it: service levels without the action and with it, 0-100.
    """

    department_id: str | None
    queue_name: str
    interval_end: str | None
    service_level_before: float | None
    service_level_after: float | None
    day_end_service_level_before: float | None
    day_end_service_level_after: float | None


class SystemNotification(TypedDict):
    """
    A notice for everybody in the scope, such as maintenance. After `until` it is no longer true.
    """

    notification_id: str
    organization_id: str
    department_id: NotRequired[str]
    queue_name: NotRequired[str]
    severity: Literal["critical", "info", "warning"]
    title: str
    message: str
    until: NotRequired[str]
    published_at: str


class CustomEvent(TypedDict):
    """
    An event of the customer's own: its `name`, which is the event of the message too, and what it says.
    """

    name: str
    organization_id: str
    department_id: NotRequired[str]
    queue_name: NotRequired[str]
    published_at: str
    payload: dict[str, Any]


class Resync(TypedDict):
    """
    Logged as `<channel>:resync` in place of an event that could not be built: refetch this scope.
    """

    organization_id: str
    department_id: NotRequired[str]
    queue_name: NotRequired[str]
    reason: str


class SnapshotData(TypedDict):
    """
    The `data` of `<channel>:snapshot`: the current payload of every scope that these rooms hear.

    A large one comes in parts: the first names `rooms`, later ones none, and they only add. The last is `complete` and
    bears the position; the others bear seq 0, which moves nobody.
    """

    rooms: list[str]
    items: list[Any]
    complete: bool


class Subscribe(TypedDict):
    """
    Options hold for all rooms of the streams named here, on this connection; those left out stay as they are.

    `delta`: events that replace one another come as patches. `batch_ms`: one `batch` message per interval; 0 ends it.
    `durable`: a name under which the server remembers what was acknowledged, beyond this connection.
    """

    channels: NotRequired[list[Channel]]
    organization_id: NotRequired[str | None]
    department_id: NotRequired[str | None]
    queue_name: NotRequired[str | None]
    rooms: NotRequired[list[Room]]
    since: NotRequired[dict[str, Position]]
    snapshot: NotRequired[bool]
    delta: NotRequired[bool | None]
    batch_ms: NotRequired[int | None]
    durable: NotRequired[str | None]


class Subscribed(TypedDict):
    """
    The rooms that are heard now. `position` is where the client stands in each stream, without those of which a
    snapshot or a resync follows: it brings their position. With `recovered` all missed events follow.

    `granted`: asked rooms that were granted as others. `refused`: asked rooms that are not heard.
    """

    rooms: list[str]
    position: dict[str, Position]
    recovered: bool
    granted: NotRequired[dict[str, list[str]]]
    refused: NotRequired[dict[str, Problem]]


class State(TypedDict):
    """
    The judgement. `queues` and `worst` (names, at most five) are there above queues only.
    """

    level: Literal["at_risk", "closed", "critical", "ok", "stale", "unknown"]
    since: str
    reasons: list[Reason]
    components: Components
    queues: NotRequired[QueueCounts]
    worst: NotRequired[list[str]]


class BacklogChanged(TypedDict):
    """
    `backlog:update`: how much work waits in a scope. Percent are 0-100, waits and ages minutes.

    `items_over_sla` have breached already, `items_at_risk` will soon. A null has its reason in `reasons`.
    `items_added_this_interval` and `items_completed_this_interval` happened since the previous figure of the scope;
    over a local day they add up to what was posted, above queues to what the queues inside posted. There they may be
    below zero, where a feed corrected an earlier count downwards. `added_per_hour` and `completed_per_hour` are the
    rates of the trailing hour. `age_profile` is left out where the feed, or a queue inside, does not send it.
    """

    snapshot_id: str
    organization_id: str
    department_id: NotRequired[str]
    queue_name: NotRequired[str]
    timestamp: str
    total_items: int
    avg_wait_time_minutes: float
    items_over_sla: int | None
    sla_compliance_percentage: float | None
    backlog_trend: Literal["decreasing", "growing", "stable"]
    items_added_this_interval: int
    items_completed_this_interval: int
    items_at_risk: int | None
    oldest_item_age_minutes: float | None
    flow_source: Literal["counters", "explicit", "net_inferred", "none"]
    interval_seconds: float | None
    added_per_hour: float | None
    completed_per_hour: float | None
    slope_per_hour: float | None
    quality: Literal["ok", "partial", "stale"]
    derived: bool
    age_profile: NotRequired[list[AgeBucket]]
    reasons: NotRequired[dict[str, str]]


class AttendanceChanged(TypedDict):
    """
    `attendance:update`: who was to be there and who is (DOMAIN 3.7).

    scheduled = present + expected + absent + left early; late is a part of present, no-show of absent. The rate is
    percent, null with nobody scheduled. `recent_checkins`: of the last hour, newest first, ten at most. `by_state`: how
    many people are in each state, by their states or, without these, by their check-ins; out of adherence are those
    who have been in another activity than is scheduled for longer than the tolerance.
    """

    snapshot_id: str
    organization_id: str
    department_id: NotRequired[str]
    timestamp: str
    scheduled_count: int
    present_count: int
    absent_count: int
    late_count: int
    attendance_rate: float | None
    recent_checkins: list[RecentCheckin]
    expected_count: int
    no_show_count: int
    left_early_count: int
    on_leave_count: int
    unscheduled_count: int
    lost_minutes: float
    by_state: dict[str, int]
    out_of_adherence_count: int
    longest_out_of_adherence_minutes: float
    reasons: NotRequired[dict[str, str]]


class ActionNoted(TypedDict):
    """
    `action:noted`: a person did something for this scope. Callers who may not see colleagues do not get `noted_by`
    and `note`; a queue of another department that agents came from is left out.
    """

    action_id: int
    organization_id: str
    department_id: NotRequired[str]
    queue_name: NotRequired[str]
    kind: Literal["call_in", "hold_breaks", "move", "other", "time_off"]
    agents: int | None
    from_department_id: NotRequired[str]
    from_queue_name: NotRequired[str]
    noted_at: str
    noted_by: NotRequired[str]
    until: str | None
    note: NotRequired[str]
    predicted: list[PredictedEffect]


class KPIChanged(TypedDict):
    """
    `kpi:update`: the figures of a scope and their judgement, `state`. `timestamp` is the instant it was computed
    for, `as_of` that of its newest input; `latest` is false for a computation older than the newest, which moves
    nothing.
    """

    snapshot_id: str
    organization_id: str
    department_id: NotRequired[str]
    queue_name: NotRequired[str]
    timestamp: str
    utilization: Utilization
    headcount_gap: HeadcountGap
    sla_risk: SlaRisk
    health_score: float | None
    changes: Changes
    service: Service
    health: Health
    quality: Literal["no_data", "ok", "partial", "stale", "suspect"]
    as_of: str | None
    computed_at: str
    data_age_seconds: float | None
    latest: bool
    closed_until: NotRequired[str]
    reasons: NotRequired[dict[str, str]]
    state: NotRequired[State]
    deferred: NotRequired[DeferredWork]
    volume: NotRequired[VolumeDrop]


Data = TypeVar("Data")


@dataclass(frozen=True, kw_only=True)
class LogEvent(Generic[Data]):
    """An event of the log: `seq` counts in its `stream` without gaps, as long as the `epoch` is the same.

    `replayed`: it was missed, and comes now. `redelivered`: how often it came again for want of a receipt.
    """

    event: str
    data: Data
    stream: str
    epoch: str
    seq: int
    ts: str = ""
    requires_ack: bool = False
    replayed: bool = False
    redelivered: int = 0


class SnapshotEvent(LogEvent[SnapshotData]):
    """`<channel>:snapshot`: all that is known of the rooms; it replaces what you hold of them."""


class ResyncEvent(LogEvent[Resync]):
    """`<channel>:resync`: something could not be had: fetch the scope anew."""


class KpiUpdateEvent(LogEvent[KPIChanged]):
    """`kpi:update`"""


class BacklogUpdateEvent(LogEvent[BacklogChanged]):
    """`backlog:update`"""


class AttendanceUpdateEvent(LogEvent[AttendanceChanged]):
    """`attendance:update`"""


class AttendanceCheckinEvent(LogEvent[CheckedIn]):
    """`attendance:checkin`"""


class AttendanceCheckoutEvent(LogEvent[CheckedOut]):
    """`attendance:checkout`"""


class AlertTriggeredEvent(LogEvent[AlertTriggered]):
    """`alert:triggered`"""


class AlertAcknowledgedEvent(LogEvent[AlertAcknowledged]):
    """`alert:acknowledged`"""


class AlertResolvedEvent(LogEvent[AlertResolved]):
    """`alert:resolved`"""


class AlertEscalatedEvent(LogEvent[AlertEscalated]):
    """`alert:escalated`"""


class AlertUpdatedEvent(LogEvent[AlertUpdated]):
    """`alert:updated`"""


class ActionNotedEvent(LogEvent[ActionNoted]):
    """`action:noted`"""


class SystemNotificationEvent(LogEvent[SystemNotification]):
    """`system:notification`"""


class CustomEventEvent(LogEvent[CustomEvent]):
    """`custom:event`"""


EVENTS: dict[str, type] = {
    "kpi:update": KpiUpdateEvent,
    "backlog:update": BacklogUpdateEvent,
    "attendance:update": AttendanceUpdateEvent,
    "attendance:checkin": AttendanceCheckinEvent,
    "attendance:checkout": AttendanceCheckoutEvent,
    "alert:triggered": AlertTriggeredEvent,
    "alert:acknowledged": AlertAcknowledgedEvent,
    "alert:resolved": AlertResolvedEvent,
    "alert:escalated": AlertEscalatedEvent,
    "alert:updated": AlertUpdatedEvent,
    "action:noted": ActionNotedEvent,
    "system:notification": SystemNotificationEvent,
    "custom:event": CustomEventEvent,
}
AnyEvent: TypeAlias = (
    KpiUpdateEvent
    | BacklogUpdateEvent
    | AttendanceUpdateEvent
    | AttendanceCheckinEvent
    | AttendanceCheckoutEvent
    | AlertTriggeredEvent
    | AlertAcknowledgedEvent
    | AlertResolvedEvent
    | AlertEscalatedEvent
    | AlertUpdatedEvent
    | ActionNotedEvent
    | SystemNotificationEvent
    | CustomEventEvent
    | SnapshotEvent
    | ResyncEvent
)
