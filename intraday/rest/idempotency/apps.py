from django.apps import AppConfig


class IdempotencyConfig(AppConfig):
    name = "intraday.rest.idempotency"
    label = "idempotency"
    verbose_name = "Answers to repeated requests"
