from django.apps import AppConfig
from django.contrib.admin import apps


class IntradayConfig(AppConfig):
    default = True
    name = "intraday"
    verbose_name = "Intraday console"

    def ready(self) -> None:
        from intraday import checks  # noqa: F401 - registers them
        from intraday.admin import keys, organizations  # noqa: F401 - register pages, on the site that needs this package
        from intraday.logs import requests
        from intraday.rest import origins  # needs the settings

        origins.log_refusals()
        requests.log_failures()


class AdminConfig(apps.AdminConfig):
    """Django's admin with a site of our own, which keeps tenants apart."""

    default = False
    default_site = "intraday.admin.site.Site"
