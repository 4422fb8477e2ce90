from django.apps import AppConfig


class ActionsConfig(AppConfig):
    name = "alerts.actions"
    label = "actions"
    verbose_name = "Actions of people"
