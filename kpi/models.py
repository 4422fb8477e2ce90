"""Posted intervals and forecasts, settings of queues and organizations, and the figures computed from them."""

import uuid

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from intraday.database.fast_json import FastJSONField
from intraday.org.models import Organization, Scope
from kpi import hours

INTERVAL_MINUTES = (5, 10, 15, 20, 30, 60)


class IntervalStats(models.Model):
    """The measurement of a queue's interval at `as_of`. A running interval is posted again and again."""

    scope = models.ForeignKey(Scope, models.CASCADE, related_name="kpi_intervals", db_index=False)
    start = models.DateTimeField()
    end = models.DateTimeField()
    minutes = models.PositiveSmallIntegerField()
    as_of = models.DateTimeField()
    received_at = models.DateTimeField()

    offered = models.PositiveIntegerField()
    answered = models.PositiveIntegerField()
    answered_in_target = models.PositiveIntegerField()
    abandoned = models.PositiveIntegerField()
    abandoned_in_target = models.PositiveIntegerField(null=True)
    wait_seconds = models.FloatField(null=True, help_text="Waited by all who were answered.")
    handle_seconds = models.FloatField(help_text="Talk, hold and after-call work.")
    available_seconds = models.FloatField(help_text="Ready and waiting for a contact.")
    other_productive_seconds = models.FloatField(null=True)
    paid_seconds = models.FloatField(null=True)
    agents = models.PositiveIntegerField()

    waiting_now = models.PositiveIntegerField(null=True)
    longest_wait_seconds = models.FloatField(null=True)
    waiting_past_target = models.PositiveIntegerField(
        null=True, help_text="Of those waiting, how many have waited longer than the target."
    )
    agents_available = models.PositiveIntegerField(null=True)
    agents_on_contact = models.PositiveIntegerField(null=True)
    agents_after_contact = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "start"], name="kpi_interval_once")]
        verbose_name_plural = "interval statistics"

    def __str__(self) -> str:
        return f"{self.scope} from {self.start:%Y-%m-%d %H:%M}: {self.offered} offered"


class ForecastInterval(models.Model):
    """The forecast of a queue for one interval, with the planned agents if the feed has them."""

    scope = models.ForeignKey(Scope, models.CASCADE, related_name="kpi_forecasts", db_index=False)
    start = models.DateTimeField()
    end = models.DateTimeField()
    minutes = models.PositiveSmallIntegerField()
    received_at = models.DateTimeField()
    offered = models.FloatField()
    aht_seconds = models.FloatField()
    required_agents = models.PositiveIntegerField(null=True)
    scheduled_agents = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "start"], name="kpi_forecast_once")]

    def __str__(self) -> str:
        return f"{self.scope} from {self.start:%Y-%m-%d %H:%M}: {self.offered} expected"


class IntervalFeed(models.Model):
    """Arrivals of a queue's interval statistics. Its row is locked before they are written, in scope order.

    `arrivals` holds the last measurement times, in seconds of the epoch, from which the rhythm is learned. `samples`
    holds [time, start of the interval, offered so far] of the last hour's posts: a drop in volume shows within minutes.
    """

    scope = models.OneToOneField(Scope, models.CASCADE, primary_key=True, related_name="kpi_feed")
    as_of = models.DateTimeField(null=True)
    cadence_seconds = models.FloatField(null=True)
    arrivals = FastJSONField(default=list)
    samples = FastJSONField(default=list, db_default=models.Value([], models.JSONField()))

    def __str__(self) -> str:
        return str(self.scope)


class Kind(models.TextChoices):
    REALTIME = "realtime", "realtime: calls, chats"
    DEFERRED = "deferred", "deferred: mail, cases"


class AbandonPolicy(models.TextChoices):
    IGNORE = "ignore", "ignore those who hang up within the target"
    NEGATIVE = "negative", "they count against the service level"
    POSITIVE = "positive", "they count for it"


def valid_hours(text: str) -> None:
    if len(text) > hours.LONGEST:
        raise ValidationError(f"At most {hours.LONGEST} characters; these are {len(text)}.")
    try:
        hours.parse(text)
    except ValueError as error:
        raise ValidationError(str(error)) from error


PERCENT = [MinValueValidator(1), MaxValueValidator(100)]
LIMIT = [MinValueValidator(0), MaxValueValidator(100)]
LIMITS: dict[str, tuple[float, str, str]] = {
    "critical_outlook": (85, "outlook risk %: critical", "Risk that the next full interval misses its target."),
    "at_risk_outlook": (65, "outlook risk %: at risk", ""),
    "critical_points": (
        20,
        "points under target: critical",
        "The measured service level of an interval that is nearly lost.",
    ),
    "at_risk_points": (10, "points under target: at risk", ""),
    "critical_shortage": (20, "short of agents %: critical", "Percent of those required, outside the dead-band."),
    "at_risk_shortage": (10, "short of agents %: at risk", ""),
    "critical_compliance": (75, "backlog within SLA %: critical below", ""),
    "at_risk_compliance": (90, "backlog within SLA %: at risk below", ""),
}
"""The thresholds of a scope's state (DOMAIN 3.14): default, name and help text. A queue may override each."""
LIMIT_ORDER = (
    ("at_risk_outlook", "critical_outlook"),
    ("at_risk_points", "critical_points"),
    ("at_risk_shortage", "critical_shortage"),
    ("critical_compliance", "at_risk_compliance"),
)


def _limit(name: str, *, override: bool) -> models.FloatField:
    default, label, text = LIMITS[name]
    if override:
        return models.FloatField(label, null=True, blank=True, validators=LIMIT, help_text="Empty: the organization's.")
    return models.FloatField(label, default=default, db_default=default, validators=LIMIT, help_text=text)


def _check_order(limits: models.Model) -> None:
    """A milder threshold must not lie beyond the graver one."""
    for lower, upper in LIMIT_ORDER:
        values = getattr(limits, lower), getattr(limits, upper)
        if None not in values and values[0] > values[1]:
            raise ValidationError({lower: f"At most {values[1]:g}, the value of “{LIMITS[upper][1]}”."})


class QueueSettings(models.Model):
    """Targets, opening hours and thresholds of a queue. The defaults hold for a queue without a row."""

    scope = models.OneToOneField(
        Scope, models.CASCADE, primary_key=True, related_name="kpi_settings", verbose_name="queue"
    )
    kind = models.CharField(max_length=16, choices=Kind, default=Kind.REALTIME)
    target_service_level = models.FloatField(
        "service level %", default=80, validators=PERCENT, help_text="The share to be answered within the target."
    )
    target_seconds = models.FloatField(
        default=20, validators=[MinValueValidator(0), MaxValueValidator(86_400)], help_text="Of realtime queues."
    )
    sla_minutes = models.FloatField(
        "SLA minutes",
        default=240,
        validators=[MinValueValidator(1), MaxValueValidator(525_600)],
        help_text="Of deferred queues: how old an item may become.",
    )
    aht_seconds = models.FloatField(
        "AHT seconds",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(86_400)],
        help_text="Handling time where neither the last hour nor the forecast tells it.",
    )
    max_occupancy = models.FloatField("occupancy cap %", default=88, validators=PERCENT)
    shrinkage = models.FloatField(
        "shrinkage %",
        default=0,
        validators=[MinValueValidator(0), MaxValueValidator(90)],
        help_text="Paid time that is not at work: breaks, training, leave, sickness.",
    )
    abandon_policy = models.CharField(max_length=16, choices=AbandonPolicy, default=AbandonPolicy.IGNORE)
    patience_seconds = models.FloatField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(86_400)],
        help_text="How long callers wait on average before they hang up; staffing then follows Erlang A.",
    )
    concurrency = models.FloatField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(20)], help_text="Chats an agent has at once."
    )
    opening_hours = models.TextField(
        blank=True,
        default="",
        validators=[valid_hours],
        help_text="A line for each: “Mon-Fri 08:00-20:00”, “Sat 22:00-06:00” (into Sunday), “Mon, Wed 08:00-12:00 "
        "13:00-17:00”. Empty: always open. In the organization's time zone.",
    )
    interval_minutes = models.PositiveSmallIntegerField(
        default=30, choices=[(minutes, f"{minutes} minutes") for minutes in INTERVAL_MINUTES]
    )
    cadence_seconds = models.FloatField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(86_400)],
        help_text="How often its figures come; empty: learned from their arrivals. Stale after three of these.",
    )
    critical_outlook = _limit("critical_outlook", override=True)
    at_risk_outlook = _limit("at_risk_outlook", override=True)
    critical_points = _limit("critical_points", override=True)
    at_risk_points = _limit("at_risk_points", override=True)
    critical_shortage = _limit("critical_shortage", override=True)
    at_risk_shortage = _limit("at_risk_shortage", override=True)
    critical_compliance = _limit("critical_compliance", override=True)
    at_risk_compliance = _limit("at_risk_compliance", override=True)

    class Meta:
        verbose_name = verbose_name_plural = "queue settings"

    def __str__(self) -> str:
        return str(self.scope)

    def clean(self) -> None:
        if self.scope_id and not self.scope.queue_name:
            raise ValidationError({"scope": "Settings belong to a queue."})
        _check_order(self)


SHARE = [MinValueValidator(0), MaxValueValidator(1)]


class OrganizationSettings(models.Model):
    """Weights and thresholds of an organization. The defaults hold for an organization without a row."""

    organization = models.OneToOneField(Organization, models.CASCADE, primary_key=True, related_name="kpi_settings")
    sla_weight = models.FloatField("weight of the SLA risk", default=0.5, validators=SHARE)
    staffing_weight = models.FloatField("weight of staffing", default=0.3, validators=SHARE)
    utilization_weight = models.FloatField("weight of utilization", default=0.2, validators=SHARE)
    change_minutes = models.FloatField(
        default=15,
        validators=[MinValueValidator(1), MaxValueValidator(24 * 60)],
        help_text="How old the figure may be that changes are told against.",
    )
    reforecast_prior = models.FloatField(
        "weight of the forecast, in contacts",
        default=400,
        db_default=400,
        validators=[MinValueValidator(1), MaxValueValidator(1_000_000)],
        help_text="How slowly the day's own run moves the forecast of its rest: 400 suits days that vary by 5 %.",
    )
    forecast_cv = models.FloatField(
        "forecast error %",
        default=8,
        db_default=8,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text="How far an interval's forecast is off, as a rule.",
    )
    critical_outlook = _limit("critical_outlook", override=False)
    at_risk_outlook = _limit("at_risk_outlook", override=False)
    critical_points = _limit("critical_points", override=False)
    at_risk_points = _limit("at_risk_points", override=False)
    critical_shortage = _limit("critical_shortage", override=False)
    at_risk_shortage = _limit("at_risk_shortage", override=False)
    critical_compliance = _limit("critical_compliance", override=False)
    at_risk_compliance = _limit("at_risk_compliance", override=False)
    service_minutes = models.FloatField(
        "minutes before a risk counts",
        default=3,
        db_default=3,
        validators=[MinValueValidator(0), MaxValueValidator(60)],
        help_text="How long an outlook risk or a lost interval lasts before it changes the state.",
    )
    staffing_minutes = models.FloatField(
        "minutes before a shortage counts",
        default=10,
        db_default=10,
        validators=[MinValueValidator(0), MaxValueValidator(60)],
    )
    recovery_minutes = models.FloatField(
        "minutes of recovery",
        default=5,
        db_default=5,
        validators=[MinValueValidator(0), MaxValueValidator(60)],
        help_text="How long a scope is on the healthy side before its state improves.",
    )

    class Meta:
        verbose_name = verbose_name_plural = "organization settings"

    def __str__(self) -> str:
        return str(self.organization)

    def clean(self) -> None:
        weights = (self.sla_weight, self.staffing_weight, self.utilization_weight)
        if None not in weights and abs(sum(weights) - 1) > 1e-6:
            raise ValidationError(f"The weights of the health score add up to 1, not to {sum(weights):g}.")
        _check_order(self)


class VolumeDrop(models.Model):
    """A time in which a scope was offered far less than forecast: first of all a broken line (DOMAIN 1.9).

    Its contacts count in no reforecast and no variance, unless a person confirms that the volume is real.
    """

    scope = models.ForeignKey(Scope, models.CASCADE, related_name="kpi_volume_drops", db_index=False)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, help_text="Null while it lasts.")
    offered = models.FloatField()
    forecast = models.FloatField()
    minutes = models.FloatField(help_text="The length of the span that was judged.")
    inherited = models.BooleanField(help_text="Judged on a level above; this queue was offered nothing in it.")
    confirmed_by = models.CharField(max_length=150, blank=True, default="")
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scope"], condition=models.Q(until=None), name="kpi_volume_drop_open")
        ]
        indexes = [models.Index(fields=["scope", "since"], name="kpi_volume_drop_times")]

    def __str__(self) -> str:
        return f"{self.scope} from {self.since:%Y-%m-%d %H:%M}: {self.offered:g} of {self.forecast:g}"


class StateChange(models.Model):
    """The state of a scope (kpi.pipeline.state) as it became at an instant; between two of them it stayed."""

    scope = models.ForeignKey(Scope, models.CASCADE, related_name="kpi_state_changes", db_index=False)
    at = models.DateTimeField()
    before = models.CharField(max_length=16, blank=True, default="", help_text="Empty where nothing was known.")
    level = models.CharField(max_length=16)
    reasons = models.JSONField(default=list)

    class Meta:
        indexes = [models.Index(fields=["scope", "at"], name="kpi_state_change_times")]

    def __str__(self) -> str:
        return f"{self.scope} {self.level} at {self.at:%Y-%m-%d %H:%M}"


class Holiday(models.Model):
    """A local day on which nothing opens: in one queue, or in all queues of a department or organization."""

    scope = models.ForeignKey(Scope, models.CASCADE, related_name="kpi_holidays", verbose_name="where", db_index=False)
    date = models.DateField()
    name = models.CharField(max_length=128)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "date"], name="kpi_holiday_once")]
        ordering = ["date", "scope"]

    def __str__(self) -> str:
        return f"{self.name} on {self.date} in {self.scope}"


class KPISnapshot(models.Model):
    """The figure of a scope at one instant, as it went over the wire."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    scope = models.ForeignKey(Scope, models.CASCADE, related_name="kpi_snapshots", db_index=False)
    time = models.DateTimeField()
    saved_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    # Bytes rather than text: PostgreSQL's driver spends most of a run on escaping the quotes of JSON.
    figure = models.BinaryField(help_text="JSON, the data of `kpi:update`.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "time"], name="kpi_snapshot_once")]
        verbose_name = "KPI snapshot"

    def __str__(self) -> str:
        return f"{self.scope} at {self.time:%Y-%m-%d %H:%M:%S}"


class CurrentKPI(models.Model):
    """The newest figure of a scope. Its row is locked before anything newer is worked out, in scope order.

    `run_memo` is what the next run asks of it (kpi.computing.latest.Memo). `memo` is that of release 0.1, whose
    processes run beside ours during an upgrade and cannot read ours: we leave it alone, and a later release drops it.
    """

    scope = models.OneToOneField(Scope, models.CASCADE, primary_key=True, related_name="current_kpi")
    time = models.DateTimeField(null=True)
    as_of = models.DateTimeField(null=True)
    fresh_until = models.DateTimeField(null=True)
    snapshot_id = models.UUIDField(null=True)
    saved_at = models.DateTimeField(null=True)
    figure = models.BinaryField(default=b"")
    idle = models.CharField(
        max_length=64, blank=True, default="", help_text="Why there is nothing new to tell, such as a closed queue."
    )
    memo = models.BinaryField(default=b"", editable=False)
    run_memo = models.BinaryField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = "current KPI"

    def __str__(self) -> str:
        return str(self.scope)
