"""Send the notifications of the outbox: first find recipients, then send each delivery, with retries.

No transaction is held while a receiver is waited for. One run works at a time (the caller holds a lease), and every
claim is a conditional UPDATE besides, so two simultaneous runs send nothing twice.
"""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from structlog import get_logger
from structlog.contextvars import get_contextvars

from alerts import selectors
from alerts.models import Alert, Notification, Rule
from alerts.notifications import kinds, notification_outbox, recipients, senders
from alerts.notifications.models import Channel, Delivery, Outcome
from alerts.notifications.payloads import Notice
from alerts.notifications.recipients import Recipient
from alerts.notifications.senders import Sent
from alerts.rules.catalogue import find
from alerts.rules.lifecycle import TIMERS_END
from alerts.rules.messages import fired
from intraday.audit import services as audit
from intraday.connections.database import UNREACHABLE
from intraday.jobs import runs
from intraday.jobs.leases import bound_waits
from intraday.org.models import Organization

log = get_logger(__name__)

RETRY_AFTER = tuple(timedelta(seconds=each) for each in (30, 120, 600, 1800, 3600))
PUT_OFF = timedelta(seconds=60)  # a notification that cannot be routed
CLAIM = timedelta(seconds=60)  # a live worker has settled its claim by then
AT_ONCE = 32
AT_ONCE_EACH = 4  # of one organization, so that its hanging receivers leave room for others
RUN_SECONDS = 15.0
LOOK_AGAIN_SECONDS = 0.2
MOST_NOTICES = 50  # routed before the first of them is sent
Clock = Callable[[], datetime]


# --- routing ---------------------------------------------------------------------------------------------------------
def route(*, now: datetime) -> int:
    """Make deliveries of the notifications that are due; return the number of notifications."""
    due = Notification.objects.filter(settled_at=None, due_at__lte=now).order_by("due_at", "id")
    return sum(_try_route(pk, now) for pk in list(due.values_list("pk", flat=True)[:MOST_NOTICES]))


def _try_route(pk: int, now: datetime) -> int:
    """Route a notification; one that cannot be is put off, and the others do not wait for it."""
    try:
        return _route(pk, now)
    except UNREACHABLE:
        raise
    except Exception as error:
        notice = Notification.objects.select_related("alert").get(pk=pk)
        log.exception("notification_not_routed", organization_id=notice.alert.organization_id, notification=str(pk))
        given_up = now >= notice.created_at + TIMERS_END
        settled = {"settled_at": now, "outcome": f"not routed: {type(error).__name__}"} if given_up else {}
        Notification.objects.filter(pk=pk, settled_at=None).update(due_at=now + PUT_OFF, **settled)
        return 0


@transaction.atomic
def _route(pk: int, now: datetime) -> int:
    bound_waits()
    free = Notification.objects.select_for_update(skip_locked=True).filter(pk=pk, settled_at=None)
    if free.values_list("pk", flat=True).first() is None:
        return 0  # another worker's
    free.update(settled_at=now)
    notice = Notification.objects.select_related("alert__scope", "alert__organization").get(pk=pk)
    outcome = notification_outbox.drop_reason(notice, notice.alert, now=now)
    if not outcome:
        found = recipients.of_notice(notice)
        Delivery.objects.bulk_create([_delivery(notice, each, now) for each in found])
        outcome = f"to {len(found)}" if found else "nobody to tell"
    Notification.objects.filter(pk=pk).update(outcome=outcome)
    return 1


def _delivery(notice: Notification, recipient: Recipient, now: datetime) -> Delivery:
    return Delivery(
        notification=notice, to=recipient.to, channel=recipient.channel, mailbox=recipient.mailbox, due_at=now
    )


# --- sending ---------------------------------------------------------------------------------------------------------
@dataclass
class _Run:
    """The deliveries under way: threads send, this thread alone uses the database."""

    clock: Clock
    pool: ThreadPoolExecutor
    under_way: dict[Future[Sent], tuple[Delivery, float]] = field(default_factory=dict)
    attempted: int = 0

    def start_due(self) -> bool:
        """Start the deliveries that are due; return whether there were any."""
        ready = self._ready()
        for delivery in ready:
            notice = self._claim(delivery)
            if notice is not None:
                future = self.pool.submit(senders.send, _recipient(delivery), notice, now=self.clock())
                self.under_way[future] = (delivery, monotonic())
        return bool(ready)

    def _claim(self, delivery: Delivery) -> Notice | None:
        """Claim a delivery; one that no notice can be made of is a failed attempt, and the others do not wait."""
        try:
            return claim(delivery, now=self.clock())
        except UNREACHABLE:
            raise
        except Exception as error:
            log.exception("notice_not_made", organization_id=_organization(delivery), delivery=str(delivery.pk))
            mine = Delivery.objects.filter(pk=delivery.pk, settled_at=None)
            mine.update(attempts=F("attempts") + 1)
            delivery.refresh_from_db(fields=["attempts"])
            record_result(delivery, Sent(False, f"{type(error).__name__} in making it", again=True), now=self.clock())
            return None

    def _ready(self) -> list[Delivery]:
        """Return due deliveries, one at a time to each channel, so that a channel that hangs delays only its own."""
        busy = [delivery for delivery, _ in self.under_way.values()]
        channels = {each.channel_id for each in busy if each.channel_id}
        each_has = Counter(_organization(each) for each in busy)
        full = [organization for organization, count in each_has.items() if count >= AT_ONCE_EACH]
        rows = Delivery.objects.filter(settled_at=None, due_at__lte=self.clock())
        rows = rows.exclude(channel__in=channels).exclude(notification__alert__organization__in=full)
        rows = rows.select_related("channel", "notification__alert").order_by("due_at", "notification_id")
        ready = []
        for row in rows[: AT_ONCE - len(busy)]:
            if row.channel_id not in channels and each_has[_organization(row)] < AT_ONCE_EACH:
                each_has[_organization(row)] += 1
                channels |= {row.channel_id} if row.channel_id else set()
                ready.append(row)
        return ready

    def record_results(self) -> None:
        wait(self.under_way, timeout=LOOK_AGAIN_SECONDS, return_when=FIRST_COMPLETED)
        for future, (delivery, begun) in list(self.under_way.items()):
            late = monotonic() - begun > settings.SEND_TIMEOUT + 2
            if future.done() or late:
                del self.under_way[future]
                self.attempted += 1
                sent = _result(future)
                record_result(delivery, sent, now=self.clock())
                _count(delivery, sent, monotonic() - begun, now=self.clock())


def send_due(*, clock: Clock) -> int:
    """Send due deliveries, also those that become due meanwhile, for some seconds; return the number of attempts."""
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="alert-deliveries")
    run, begun = _Run(clock, pool), monotonic()
    try:
        while True:
            more = monotonic() - begun < RUN_SECONDS and route(now=clock()) + run.start_due() > 0
            if run.under_way:
                run.record_results()
            elif not more:
                return run.attempted
    finally:
        pool.shutdown(wait=False)  # a thread that is stuck, in a look-up of a name, holds nobody


def anything_due(*, now: datetime) -> bool:
    notices = Notification.objects.filter(settled_at=None, due_at__lte=now)
    return notices.exists() or Delivery.objects.filter(settled_at=None, due_at__lte=now).exists()


@transaction.atomic
def claim(delivery: Delivery, *, now: datetime) -> Notice | None:
    """Claim a delivery and return its notice, unless it is dropped or another run has it. Counts the attempt."""
    bound_waits()
    mine = Delivery.objects.filter(pk=delivery.pk, attempts=delivery.attempts, settled_at=None, due_at__lte=now)
    free = mine.select_for_update(skip_locked=True).values_list("pk", flat=True).first()
    if free is None or not mine.update(attempts=F("attempts") + 1, due_at=now + CLAIM):
        return None
    delivery.attempts += 1
    notice = Notification.objects.select_related("alert__scope").get(pk=delivery.notification_id)
    why_not = _unreachable(delivery) or notification_outbox.drop_reason(notice, notice.alert, now=now)
    if why_not:
        # Nothing was attempted: a recipient that was never notified need not hear of the resolution.
        Delivery.objects.filter(pk=delivery.pk).update(
            outcome=Outcome.CANCELLED, detail=why_not, settled_at=now, attempts=F("attempts") - 1
        )
        return None
    fields, href = _alert_fields(notice.alert), link(notice.alert.pk)
    return Notice(str(delivery.pk), notice.transition, fields, href, _request_id(notice))


def _request_id(notice: Notification) -> str:
    """Return the id of the request that caused the notification, by the audit line of the same transaction."""
    lines = notice.alert.audit.filter(at=notice.created_at).exclude(request_id="")
    return lines.values_list("request_id", flat=True).first() or ""


def _alert_fields(alert: Alert) -> dict[str, object]:
    """Return the alert as its events carry it, with the host in its runbook: messages are read elsewhere."""
    fields = selectors.as_dict(alert)
    runbook = str(fields.get("runbook", ""))
    return fields | {"runbook": settings.BASE_URL + runbook} if runbook.startswith("/") else fields


def _unreachable(delivery: Delivery) -> str:
    if delivery.channel is None:
        return "" if delivery.mailbox else "channel removed"
    return "" if delivery.channel.enabled else "channel disabled"


@transaction.atomic
def record_result(delivery: Delivery, sent: Sent, *, now: datetime) -> None:
    """Store the result of an attempt, unless the claim ran out and another run has the delivery."""
    bound_waits()
    mine = Delivery.objects.filter(pk=delivery.pk, attempts=delivery.attempts, settled_at=None)
    if not sent.succeeded and sent.again and delivery.attempts <= len(RETRY_AFTER):
        due = now + RETRY_AFTER[delivery.attempts - 1]
        mine.update(due_at=due, detail=sent.detail)
        _postpone(delivery, due)
    else:
        outcome = Outcome.SENT if sent.succeeded else Outcome.FAILED
        mine.update(outcome=outcome, detail=sent.detail, settled_at=now)
    if not sent.succeeded:
        log.warning(
            "alert_not_delivered",
            delivery=str(delivery.pk),  # as in X-Intraday-Delivery: the receiver's log has it, too
            organization_id=_organization(delivery),
            to=delivery.to,
            detail=sent.detail,
            attempt=delivery.attempts,
        )


def _count(delivery: Delivery, sent: Sent, seconds: float, *, now: datetime) -> None:
    """Count the attempt for `/metrics`, by kind of channel."""
    kind = kinds.MAIL if delivery.channel is None else delivery.channel.kind
    outcome = runs.Outcome.DONE if sent.succeeded else runs.Outcome.FAILED
    runs.record(f"{runs.DELIVERY}{kind}", outcome, begun=now - timedelta(seconds=seconds), seconds=seconds)


def _postpone(delivery: Delivery, due: datetime) -> None:
    """Postpone other deliveries to the same channel as well."""
    if delivery.channel_id is not None:
        others = Delivery.objects.filter(~Q(pk=delivery.pk), channel=delivery.channel_id, settled_at=None)
        others.filter(due_at__lt=due).update(due_at=due)


def _organization(delivery: Delivery) -> str:
    return delivery.notification.alert.organization_id


def _recipient(delivery: Delivery) -> Recipient:
    return Recipient(delivery.to, delivery.channel, delivery.mailbox)


def _result(future: "Future[Sent]") -> Sent:
    if not future.done():
        return Sent(False, f"no answer within {settings.SEND_TIMEOUT:g} s", again=True)
    error = future.exception()
    if error is None:
        return future.result()
    log.error("sending_failed", exc_info=error)
    return Sent(False, f"{type(error).__name__} in sending", again=True)


def link(alert_id: object) -> str:
    return f"{settings.BASE_URL}/alerts/{alert_id}"


# --- trying it out ---------------------------------------------------------------------------------------------------
Tried = list[tuple[str, Sent]]


def try_rule(rule: Rule, *, now: datetime) -> Tried:
    """Send a test to every recipient that an alert of this rule may reach; return the results by name."""
    audit.record("rule.tested", organization_id=rule.organization_id, target=rule.name)
    metric = find(rule.source, rule.metric)
    place = rule.queue_name or rule.department_id or rule.organization_id
    message = fired(place, metric, rule.operator, rule.threshold, rule.for_seconds, rule.threshold)
    sample = {**_sample(rule.organization, now), "rule_name": rule.name, "severity": rule.severity}
    sample |= {"message": message, "unit": metric.unit}
    sample |= {"current_value": rule.threshold, "threshold_value": rule.threshold}
    return _try(recipients.of_rule(rule), sample, now)


def try_channel(channel: Channel, *, now: datetime) -> Sent:
    audit.record("channel.tested", organization_id=channel.organization_id, target=str(channel))
    [(_, sent)] = _try([recipients.of_channel(channel)], _sample(channel.organization, now), now)
    return sent


def _try(to: list[Recipient], sample: dict[str, object], now: datetime) -> Tried:
    request_id = str(get_contextvars().get("request_id", ""))

    def attempt(recipient: Recipient) -> Sent:
        notice = Notice(str(uuid4()), "test", sample, settings.BASE_URL, request_id)
        return senders.send(recipient, notice, now=now)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        tried = list(zip((each.to for each in to), pool.map(attempt, to), strict=True))
    for recipient, sent in tried:  # here and not in the threads, so that the lines have the id of the request
        log.info("test_sent", to=recipient, succeeded=sent.succeeded, detail=sent.detail)
    return tried


def _sample(organization: Organization, now: datetime) -> dict[str, object]:
    """Return a made-up alert."""
    return {
        "alert_id": str(Alert().pk),
        "rule_name": "test",
        "severity": "low",
        "organization_id": organization.pk,
        "message": "This is a test: no alert has fired.",
        "unit": "",
        "current_value": None,
        "threshold_value": None,
        "triggered_at": now,
    }
