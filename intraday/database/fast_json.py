"""A JSON column that is read and written with each post: in C, where Django's own goes through Python's json."""

import json
from typing import Any

import msgspec
from django.db import models


class _Encoder(json.JSONEncoder):
    def encode(self, o: Any) -> str:
        return msgspec.json.encode(o).decode()


class _Decoder(json.JSONDecoder):
    def decode(self, s: str, *_: Any) -> Any:
        return msgspec.json.decode(s)


class FastJSONField(models.JSONField):
    """A JSONField to migrations and the database, for what we write ourselves: tuples, structs, finite numbers."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "encoder": _Encoder, "decoder": _Decoder})

    def deconstruct(self) -> Any:
        name, _, arguments, options = super().deconstruct()
        del options["encoder"], options["decoder"]
        return name, "django.db.models.JSONField", arguments, options
