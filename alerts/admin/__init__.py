"""Pages of rule owners in Django's admin. What they save goes through the same services as the API."""

from alerts.admin.alerts import AlertAdmin as AlertAdmin
from alerts.admin.rules import RuleAdmin as RuleAdmin
from alerts.admin.silences import SilenceAdmin as SilenceAdmin
