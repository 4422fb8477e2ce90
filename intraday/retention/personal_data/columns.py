"""Every column of text or JSON: whether it may name a person, and how. A test misses none."""

from intraday.retention.personal_data.subject import Kind

OWN_ROWS = {
    "attendance.Person": ("employee_id", "name"),
    "attendance.Shift": ("shift_id",),
    "attendance.AgentState": ("reason",),
}
"""Columns of an employee's own rows, which attendance.retention renames."""
EMPLOYEES = {"attendance.Snapshot": ("recent_checkins",)}
"""Columns in whose JSON stand ids and names of employees."""
ACCOUNTS = {
    "actions.Action": ("noted_by",),
    "alerts.Alert": ("acknowledged_by", "resolved_by"),
    "alerts.AlertAudit": ("actor",),
    "audit.AuditEntry": ("actor",),
    "alerts.EscalationStep": ("to",),
    "alerts.Notification": ("to",),
    "alerts.RuleChange": ("actor",),
    "alerts.Silence": ("created_by",),
    "intake.Feed": ("source",),
    "kpi.VolumeDrop": ("confirmed_by",),
    "org.WallBoard": ("created_by",),
    "outgoing.Channel": ("plain_address",),
    "outgoing.Delivery": ("to", "mailbox"),
    "outgoing.Route": ("to",),
    "realtime.Connection": ("user_id",),
    "realtime.Cursor": ("user_id",),
}
"""Columns whose texts are names or addresses of accounts, perhaps with a role or a key behind them."""
PROSE = {
    "actions.Action": ("note",),
    "alerts.Alert": ("note", "rule_name"),
    "alerts.AlertAudit": ("reason", "note"),
    "audit.AuditEntry": ("target", "before", "after"),
    "alerts.Notification": ("outcome",),
    "alerts.Rule": ("name",),
    "alerts.RuleChange": ("changes",),
    "alerts.Silence": ("comment",),
    "intake.Feed": ("last_error",),
    "org.ApiKey": ("name",),
    "org.SavedView": ("name",),
    "org.WallBoard": ("name",),
    "outgoing.Channel": ("name",),
    "outgoing.Delivery": ("detail",),
}
"""Columns in which anybody may be mentioned."""
OF_ACCOUNTS = {
    "auth.User",
    "admin.LogEntry",
    "axes.AccessAttempt",
    "axes.AccessFailureLog",
    "axes.AccessLog",
    "account.EmailAddress",
    "account.EmailConfirmation",
    "mfa.Authenticator",
    "socialaccount.SocialAccount",
    "socialaccount.SocialToken",
    "sessions.Session",
}
"""Tables of Django that belong to accounts, not to organizations (intraday.retention.personal_data.accounts)."""
NOBODY = {
    "actions.Action": ("predicted",),
    "alerts.Alert": (
        "dedup_key",
        "alert_type",
        "metric",
        "unit",
        "message",
        "threshold_value",
        "runbook",
        "current_value",
        "peak_value",
    ),
    "alerts.AlertAudit": ("from_status", "to_status", "value", "threshold", "request_id"),
    "alerts.Rule": (
        "alert_type",
        "metric",
        "threshold",
        "clear_threshold",
        "department_id",
        "queue_name",
        "active_hours",
        "time_zone",
        "runbook",
    ),
    "alerts.RuleChange": ("action",),
    "alerts.RuleState": ("phase", "data"),
    "alerts.Silence": ("department_id", "queue_name", "weekly"),
    "attendance.AgentState": ("department_id", "queue_names"),
    "attendance.AttendanceRecord": ("department_id", "site_id"),
    "attendance.Person": ("department_id", "site_id"),
    "attendance.ScheduledPeriod": ("department_id",),
    "attendance.Shift": ("department_id", "queue_names"),
    "attendance.Snapshot": ("by_state",),
    "attendance.StatusPeriod": ("department_id", "status"),
    "audit.AuditEntry": ("organization_id", "action", "address", "request_id"),
    "auth.Group": ("name",),
    "auth.Permission": ("name", "codename"),
    "backlog.CurrentBacklog": ("window", "earlier_days"),
    "backlog.Snapshot": ("age_profile",),
    "contenttypes.ContentType": ("app_label", "model"),
    "idempotency.StoredAnswer": ("name", "request", "sealed_body"),  # hashed, encrypted, and gone after a day
    "intake.Feed": ("kind", "queues"),
    "jobs.JobRun": ("job",),
    "jobs.Lease": ("job", "organization_id", "holder"),
    "kpi.CurrentKPI": ("idle",),
    "kpi.Holiday": ("name",),
    "kpi.IntervalFeed": ("arrivals", "samples"),
    "kpi.QueueSettings": ("opening_hours",),
    "kpi.StateChange": ("before", "level", "reasons"),
    "org.ApiKey": ("prefix", "digest", "scopes", "replaced_by", "last_used_from"),
    "org.Department": ("code", "name"),
    "org.Membership": ("department_ids",),
    "org.Organization": ("id", "name", "time_zone"),
    "org.Queue": ("name",),
    "org.SavedView": ("query",),
    "org.Scope": ("department_id", "queue_name"),
    "org.WallBoard": ("department_id", "digest"),
    "outgoing.Channel": ("plain_secret", "sealed_address", "sealed_secret", "sealed_former_secret"),
    "outgoing.Route": ("department_id", "queue_name"),
    "realtime.Connection": ("id", "organization_id", "role", "rooms"),
    "realtime.Cursor": ("name", "stream", "epoch", "holder"),
    "realtime.EventName": ("name",),
    "realtime.Process": ("id", "host", "counters", "occupancy", "refusals"),
    "realtime.Stream": ("name", "channel", "epoch"),
    "sign_in.Failure": ("kind", "key"),
    "sign_in.GrantedMembership": ("groups",),
    "sign_in.GroupGrant": ("group", "department_ids"),
    "sign_in.IdentityProvider": ("id", "name", "issuer", "client_id", "sealed_secret", "groups_claim"),
    "socialaccount.SocialApp": ("provider", "provider_id", "name", "client_id", "secret", "key", "settings"),
}
"""Columns that name no person: places, words of ours, secrets, addresses of feeds; those of the audit log go with their
actor."""

EVENT_KEYS = {
    Kind.EMPLOYEE: frozenset({"employee_id", "employee_name"}),
    Kind.ACCOUNT: frozenset({"acknowledged_by", "resolved_by", "noted_by"}),
}
"""The fields of our own events that name a person; `note` may mention anybody."""
EVENT_PROSE = frozenset({"note", "rule_name"})
CUSTOMERS_CHANNELS = frozenset({"system", "custom"})
"""Channels whose events customers write: any text of theirs may mention anybody, except the names of scopes."""
SCOPE_KEYS = frozenset({"organization_id", "department_id", "queue_name"})
