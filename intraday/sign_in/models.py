"""Identity providers and what their groups grant; failures to sign in, counted."""

from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q, QuerySet

from intraday.encryption import at_rest
from intraday.org.models import Membership, Organization, Role, is_list_of_ids, list_of_ids

valid_provider_id = RegexValidator(r"\A[a-z0-9][a-z0-9-]{0,31}\Z", "Use 1 to 32 small letters, digits or '-'.")
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def valid_issuer(url: str) -> None:
    """Raise ValidationError unless the provider is asked over TLS; on this machine it may be without."""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)):
        raise ValidationError("Use an https address, such as https://login.example/realms/acme.")


class IdentityProvider(models.Model):
    """An OpenID Connect provider by which people sign in: of all organizations, or of one."""

    id = models.CharField(
        primary_key=True,
        max_length=32,
        validators=[valid_provider_id],
        help_text="Part of addresses: people sign in at /sso/ID. It ends the names of those who come by it: ben@ID.",
    )
    name = models.CharField(max_length=64, help_text="On the button: “Sign in with …”.")
    organization = models.ForeignKey(
        Organization,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="identity_providers",
        help_text="Its groups can grant access to this organization alone. Empty: to those that superusers choose.",
    )
    issuer = models.CharField(
        max_length=255,
        validators=[valid_issuer],
        help_text="The address before /.well-known/openid-configuration. Another issuer is another provider.",
    )
    client_id = models.CharField("client ID", max_length=191)
    sealed_secret = models.TextField(editable=False)
    groups_claim = models.CharField(
        max_length=64, default="groups", help_text="The claim that lists a person's groups."
    )
    is_offered = models.BooleanField(
        "button on the sign-in page",
        default=True,
        help_text="Not ticked: people use the address /sso/ID, and the sign-in page does not name this provider.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        self.issuer = self.issuer.rstrip("/")

    @property
    def secret(self) -> str:
        return at_rest.decrypt(self.sealed_secret)


class GroupGrants(QuerySet["GroupGrant"]):
    def in_force(self, provider: IdentityProvider) -> "GroupGrants":
        """Select those of the provider; of a provider that is bound to an organization, those to it alone."""
        bound = Q(provider__organization=None) | Q(provider__organization=F("organization"))
        return self.filter(bound, provider=provider)


class GroupGrant(models.Model):
    """The role that a group of a provider has in an organization."""

    provider = models.ForeignKey(IdentityProvider, models.CASCADE, related_name="grants", db_index=False)
    group = models.CharField(max_length=200, help_text="As the claim has it: a name, a path or an id.")
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="group_grants")
    role = models.CharField(max_length=16, choices=Role, default=Role.VIEWER)
    department_ids = models.JSONField(
        "only these departments",
        default=list,
        blank=True,
        validators=[list_of_ids],
        help_text="A list of department ids, such as ['dept_456']. Empty: the whole organization.",
    )

    objects = GroupGrants.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint("provider", "group", "organization", name="group_grant_once")]
        ordering = ["organization", "provider", "group"]

    def __str__(self) -> str:
        return f"{self.group} of {self.provider_id}: {self.role} in {self.organization_id}"

    def clean(self) -> None:
        provider = IdentityProvider.objects.filter(pk=self.provider_id).first()
        if provider and provider.organization_id not in (None, self.organization_id):
            raise ValidationError({"organization": f"{provider} is the provider of another organization."})
        if is_list_of_ids(self.department_ids) and self.organization_id:
            known = set(self.organization.departments.values_list("code", flat=True))
            unknown = sorted(set(self.department_ids) - known)
            if unknown:
                raise ValidationError({"department_ids": f"Unknown: {', '.join(unknown)}."})


class GrantedMembership(models.Model):
    """Marks a membership that groups of a provider granted. Memberships without a mark were made by hand, and stay."""

    membership = models.OneToOneField(Membership, models.CASCADE, related_name="granted")
    provider = models.ForeignKey(IdentityProvider, models.RESTRICT, related_name="memberships")
    groups = models.JSONField(default=list, help_text="Those of the person's groups that granted it.")

    def __str__(self) -> str:
        return f"{self.membership} by {self.provider_id}"


class Failure(models.Model):
    """One failed attempt, or one mail, counted against a limit (intraday.sign_in.limits)."""

    kind = models.CharField(max_length=16)
    key = models.CharField(max_length=64, help_text="A digest of the name or address.")
    at = models.DateTimeField(db_index=True)

    class Meta:
        indexes = [models.Index(fields=["kind", "key", "at"], name="failures_of_a_key")]

    def __str__(self) -> str:
        return f"{self.kind} at {self.at:%Y-%m-%d %H:%M:%S}"
