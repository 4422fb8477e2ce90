from django.apps import AppConfig


class IntakeConfig(AppConfig):
    name = "intraday.intake"
    label = "intake"
    verbose_name = "Feeds"
