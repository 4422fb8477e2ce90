from django.apps import AppConfig


class IntradayConfig(AppConfig):
    name = "intraday"
    verbose_name = "Intraday console"

    def ready(self) -> None:
        from intraday import checks  # noqa: F401 - registers them
        from intraday.logs import requests
        from intraday.rest import origins  # needs the settings

        origins.log_refusals()
        requests.log_failures()
