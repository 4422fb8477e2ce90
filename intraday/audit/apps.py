from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "intraday.audit"
    label = "audit"
    verbose_name = "Audit log"
