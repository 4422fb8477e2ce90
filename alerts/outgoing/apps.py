from django.apps import AppConfig


class OutgoingConfig(AppConfig):
    name = "alerts.outgoing"
    label = "outgoing"
    verbose_name = "Alerts: reaching people"
