from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "intraday.jobs"
    label = "jobs"
    verbose_name = "Jobs"
