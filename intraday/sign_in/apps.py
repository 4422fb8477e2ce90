from django.apps import AppConfig


class SignInConfig(AppConfig):
    name = "intraday.sign_in"
    label = "sign_in"
    verbose_name = "Sign-in"

    def ready(self) -> None:
        from intraday.sign_in import signals  # needs the models

        signals.connect()
