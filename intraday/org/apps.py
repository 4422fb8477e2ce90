from django.apps import AppConfig


class OrgConfig(AppConfig):
    name = "intraday.org"
    label = "org"
    verbose_name = "Organizations and access"
