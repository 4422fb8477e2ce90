from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "alerts.notifications"
    label = "outgoing"
    verbose_name = "Alerts: reaching people"
