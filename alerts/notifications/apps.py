from django.apps import AppConfig


class OutgoingConfig(AppConfig):
    name = "alerts.notifications"
    label = "outgoing"
    verbose_name = "Alerts: reaching people"
