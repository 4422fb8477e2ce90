"""The organization tree, the scopes that every fact refers to, and the credentials that open them."""

import re
import uuid
import zoneinfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models

from intraday.values.names import is_printable, normalized

ID_PATTERN = r"[A-Za-z0-9_.-]{1,64}"
valid_id = RegexValidator(rf"\A{ID_PATTERN}\Z", "Use 1 to 64 letters, digits, '_', '.' or '-'.")


def valid_queue_name(name: str) -> None:
    """Raise ValidationError unless a person can read the name and type it again."""
    if not (1 <= len(normalized(name)) <= 128 and is_printable(name) and name == name.strip()):
        raise ValidationError("Use 1 to 128 printable characters, without blanks at the ends.")


def valid_time_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError("This is not the name of a time zone. Expected one such as Europe/Berlin.")


def _limit(words: str) -> models.PositiveIntegerField:
    """Return a limit of one organization; NULL means the default of the installation (intraday.org.limits)."""
    return models.PositiveIntegerField(words, null=True, blank=True, validators=[MinValueValidator(1)])


class Organization(models.Model):
    id = models.CharField(primary_key=True, max_length=64, validators=[valid_id])
    name = models.CharField(max_length=128)
    time_zone = models.CharField(
        max_length=64,
        default="UTC",
        validators=[valid_time_zone],
        help_text="“Today”, intervals and opening hours are local to it; the wire stays UTC.",
    )
    feeds_may_create = models.BooleanField(
        "feeds may create queues and departments",
        default=True,
        db_default=True,
        help_text="Ticked: a queue or department that a feed names for the first time is created, and the feed is told "
        "so. Not ticked: such rows are refused until you add the queue here.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    limit_queues = _limit("queues")
    limit_departments = _limit("departments")
    limit_rows_per_minute = _limit("rows posted a minute")
    limit_bytes_per_minute = _limit("bytes posted a minute")
    limit_events_per_minute = _limit("own events and notifications a minute")
    limit_event_names = _limit("names of own events")
    limit_connections = _limit("sockets and event streams")
    limit_connections_per_credential = _limit("sockets and event streams of one key or person")
    limit_computes = _limit("computes, previews and exports at once")
    limit_posts = _limit("posts worked on at once, in each process")
    access_version = models.PositiveBigIntegerField(
        default=0, editable=False, help_text="Grows when somebody's access changes: open sockets are then asked again."
    )

    def __str__(self) -> str:
        return self.name


class Department(models.Model):
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="departments", db_index=False)
    code = models.CharField("department id", max_length=64, validators=[valid_id])
    name = models.CharField(max_length=128)

    class Meta:
        constraints = [models.UniqueConstraint("organization", "code", name="department_once")]
        ordering = ["organization", "code"]

    def __str__(self) -> str:
        return f"{self.organization_id} / {self.code}"

    def clean(self) -> None:
        self.name = normalized(self.name)


class Queue(models.Model):
    department = models.ForeignKey(Department, models.CASCADE, related_name="queues", db_index=False)
    name = models.CharField(max_length=128, validators=[valid_queue_name])

    class Meta:
        constraints = [models.UniqueConstraint("department", "name", name="queue_once")]
        ordering = ["department", "name"]

    def __str__(self) -> str:
        return f"{self.department} / {self.name}"

    def clean(self) -> None:
        self.name = normalized(self.name)


class Scope(models.Model):
    """An organization, one of its departments, or one of its queues. Empty text, never NULL: NULLs are not unique."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="scopes", db_index=False)
    department_id = models.CharField(max_length=64, blank=True, default="")
    queue_name = models.CharField(max_length=128, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "department_id", "queue_name"], name="scope_once"),
            models.CheckConstraint(
                condition=models.Q(queue_name="") | ~models.Q(department_id=""), name="queue_has_department"
            ),
        ]
        ordering = ["organization", "department_id", "queue_name"]

    def __str__(self) -> str:
        return " / ".join(part for part in (self.organization_id, self.department_id, self.queue_name) if part)


class Role(models.TextChoices):
    """Each role may all that the one before it may."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"

    @property
    def and_below(self) -> "tuple[Role, ...]":
        """Return the roles that may no more than this one, itself included; the highest comes last."""
        every = tuple(Role)
        return every[: every.index(self) + 1]


def is_list_of_ids(ids: object) -> bool:
    return isinstance(ids, list) and all(isinstance(each, str) and re.fullmatch(ID_PATTERN, each) for each in ids)


def list_of_ids(ids: object) -> None:
    if not is_list_of_ids(ids):
        raise ValidationError("A list of department ids.")


class Membership(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships", db_index=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role, default=Role.VIEWER)
    # Ids rather than a relation: when the last of them is deleted, the limit must not vanish with it.
    department_ids = models.JSONField(
        "only these departments",
        default=list,
        blank=True,
        validators=[list_of_ids],
        help_text="None chosen: the whole organization.",
    )

    class Meta:
        constraints = [models.UniqueConstraint("user", "organization", name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user} in {self.organization_id} as {self.role}"


class SavedView(models.Model):
    """A table of queues as one member likes to see it: the parameters of the console's address, under a name."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    membership = models.ForeignKey(Membership, models.CASCADE, related_name="saved_views", db_index=False)
    name = models.CharField(max_length=64)
    query = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint("membership", "name", name="saved_view_once")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class KeyScope(models.TextChoices):
    INGEST = "ingest"
    READ = "read"
    PUBLISH = "publish"  # events and notifications of the customer's own
    TOKEN = "token"  # noqa: S105 - makes short-lived tokens for the customer's own users


def known_key_scopes(scopes: object) -> None:
    if not isinstance(scopes, list) or not scopes or not set(scopes) <= set(KeyScope.values):
        raise ValidationError(f"Choose from {', '.join(KeyScope.values)}.")


class ApiKey(models.Model):
    """A feed's credential. Only its SHA-256 is stored: the key itself is 256 random bits, so it needs no salt.

    Rotation makes another row, of the same name and rights, and an end for this one; until then both are in force.
    """

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=128, help_text="Which system uses it.")
    prefix = models.CharField(max_length=12, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(default=list, validators=[known_key_scopes])
    # Keys of older versions, and those that their processes make during an upgrade, mint what they could.
    token_role = models.CharField(
        "highest role of its tokens",
        max_length=16,
        choices=Role,
        default=Role.VIEWER,
        db_default=Role.ADMIN,
        help_text="Of tokens that a key with the scope “token” makes for the customer's own users.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(
        "expires", null=True, blank=True, help_text="In UTC. Left empty: it holds until it is revoked."
    )
    revoked_at = models.DateTimeField("revoked", null=True, blank=True)
    replaced_by = models.CharField(max_length=12, blank=True, default="", db_default="", editable=False)
    last_used_at = models.DateTimeField("last used", null=True, blank=True, editable=False)
    last_used_from = models.CharField(max_length=45, blank=True, default="", db_default="", editable=False)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class WallBoard(models.Model):
    """A link that shows one scope to everybody who has it, without names. Only its SHA-256 is stored, as of keys."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="wall_boards")
    department_id = models.CharField(
        max_length=64, blank=True, default="", validators=[valid_id], help_text="Empty: the whole organization."
    )
    name = models.CharField(max_length=128, help_text="Where it hangs.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_by = models.CharField(max_length=150, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["organization", "name"]

    def __str__(self) -> str:
        return self.name
