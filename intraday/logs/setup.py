"""One log format for our own code, Django, Celery and the server: structlog over the standard library."""

import logging
import logging.config
import sys

import structlog
from django.utils.log import CallbackFilter

from intraday.logs.access import LOGGER as ACCESS


def _console() -> structlog.typing.Processor:
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
    )


def _brief(record: logging.LogRecord) -> bool:
    """Leave beat's stack and traceback out where the broker is away: it says the same for every job, every time."""
    if str(record.msg).startswith("Message Error") and isinstance(record.args, tuple):
        record.msg, record.args, record.exc_info = "Message Error: %s", record.args[:1], None
    return True


def configure_logging(*, level: str, as_json: bool, access: bool) -> None:
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer = structlog.processors.JSONRenderer() if as_json else _console()
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "line": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": shared,
                    "processors": [
                        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        *([structlog.processors.format_exc_info] if as_json else []),
                        renderer,
                    ],
                }
            },
            "filters": {"brief": {"()": CallbackFilter, "callback": _brief}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"handlers": ["stderr"], "level": level},
            "loggers": {
                **({} if access else {ACCESS: {"level": "WARNING"}}),
                "uvicorn": {"level": "WARNING"},
                "httpx2": {"level": "WARNING"},
                "httpcore2": {"level": "WARNING"},
                "daphne": {"level": "WARNING"},
                "axes": {"level": "WARNING"},
                "celery": {"level": "WARNING"},
                "kombu": {"level": "WARNING"},
                "py.warnings": {"level": "ERROR"},  # Celery shows those for developers to everybody; tests fail on ours
                # One line for each attempt to connect: the code that needed the connection logs it once (database_…).
                "psycopg.pool": {"level": "ERROR"},
                # Refusals are answered to the client; for a fault of ours intraday.logs.requests has a line, with its
                # route and not its path, which may hold a secret.
                "django.request": {"level": "CRITICAL"},
                # Told in one line by intraday.rest.errors, without a traceback: anybody can cause it.
                "django.security": {"level": "CRITICAL"},
                "django.security.csrf": {"level": "WARNING"},
                # A traceback a second while Redis is away: the hub tells of it once, and once when it is back.
                "channels_redis.pubsub": {"level": "CRITICAL"},
                "celery.beat": {"filters": ["brief"]},
            },
        }
    )
