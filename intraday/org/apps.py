from django.apps import AppConfig


class OrgConfig(AppConfig):
    name = "intraday.org"
    label = "org"
    verbose_name = "Organizations and access"

    def ready(self) -> None:
        from intraday.org import signals  # needs the models

        signals.connect()
