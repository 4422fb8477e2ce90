"""A snapshot's POST as stock Django does it: /stock as the mission describes it, /floor with one INSERT and no more.

python -m bench.peers.posting migrate        with DATABASE_URL; makes the table
python -m bench.peers.posting PORT           with DATABASE_URL, REDIS_URL; serves both, on uvicorn as ours

/stock: a ModelSerializer, `save()`, and after the commit a `group_send` to each of the three rooms. /floor: the same
view and serializer, and the INSERT in a transaction. Both look up the API key as ours is stored, by its digest.
"""

import hashlib
import os
import sys
import uuid
from functools import partial
from typing import Any

import django
import environ
import uvicorn
from django.conf import settings

settings.configure(
    SECRET_KEY="bench",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF="bench.peers.posting",
    USE_TZ=True,
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "rest_framework",
        "bench.peers",
    ],
    MIDDLEWARE=[  # as `startproject` writes them
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    DATABASES={
        "default": {
            **environ.Env.db_url_config(os.environ["DATABASE_URL"]),
            "OPTIONS": {"pool": {"min_size": 2, "max_size": 10}},
        }
    },
    CHANNEL_LAYERS={
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [os.environ["REDIS_URL"]], "prefix": "posting"},
        }
    },
    REST_FRAMEWORK={
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    },
)
django.setup()

from asgiref.sync import async_to_sync  # noqa: E402  needs django.setup(), as what follows
from channels.layers import get_channel_layer  # noqa: E402
from django.core.asgi import get_asgi_application  # noqa: E402
from django.db import connection, models, transaction  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework import generics, serializers  # noqa: E402
from rest_framework.authentication import BaseAuthentication  # noqa: E402
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied  # noqa: E402
from rest_framework.request import Request  # noqa: E402


class ApiKey(models.Model):
    """Our own table: the peers take the same key."""

    organization_id = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)
    scopes = models.JSONField()
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        app_label, db_table, managed = "peers", "org_apikey", False

    def __str__(self) -> str:
        return self.organization_id


class Snapshot(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization_id = models.CharField(max_length=64)
    department_id = models.CharField(max_length=64)
    queue_name = models.CharField(max_length=128)
    snapshot_time = models.DateTimeField()
    received_at = models.DateTimeField(auto_now_add=True)
    total_items = models.PositiveBigIntegerField()
    average_wait_time_minutes = models.FloatField()
    items_over_sla = models.PositiveBigIntegerField(null=True)
    items_added = models.PositiveBigIntegerField(null=True)
    items_completed = models.PositiveBigIntegerField(null=True)

    class Meta:
        app_label, db_table = "peers", "peer_snapshot"
        indexes = [models.Index(fields=["organization_id", "department_id", "queue_name", "snapshot_time"])]

    def __str__(self) -> str:
        return f"{self.queue_name} at {self.snapshot_time}"


class KeyAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[None, ApiKey]:
        _, _, secret = request.headers.get("Authorization", "").partition(" ")
        digest = hashlib.sha256(secret.encode()).hexdigest()
        key = ApiKey.objects.filter(digest=digest, revoked_at=None, expires_at=None).first()
        if key is None or "ingest" not in key.scopes:
            raise AuthenticationFailed
        return None, key


class SnapshotSerializer(serializers.ModelSerializer):
    class Meta:
        model = Snapshot
        exclude = ["received_at"]


class Floor(generics.CreateAPIView):
    authentication_classes = [KeyAuthentication]
    serializer_class = SnapshotSerializer

    def perform_create(self, serializer: SnapshotSerializer) -> None:
        if serializer.validated_data["organization_id"] != self.request.auth.organization_id:
            raise PermissionDenied
        with transaction.atomic():
            self.store(serializer)

    def store(self, serializer: SnapshotSerializer) -> None:
        serializer.save()


class Stock(Floor):
    def store(self, serializer: SnapshotSerializer) -> None:
        transaction.on_commit(partial(broadcast, serializer.save()))


def broadcast(snapshot: Snapshot) -> None:
    room = f"backlog.org.{snapshot.organization_id}"
    department = f"{room}.dept.{snapshot.department_id}"
    message = {"type": "broadcast", "event": "backlog:update", "data": payload(snapshot)}
    for group in (room, department, f"{department}.queue.{snapshot.queue_name}"):
        async_to_sync(get_channel_layer().group_send)(group, message)


def payload(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "snapshot_id": str(snapshot.pk),
        "organization_id": snapshot.organization_id,
        "department_id": snapshot.department_id,
        "queue_name": snapshot.queue_name,
        "timestamp": snapshot.snapshot_time.isoformat(),
        "total_items": snapshot.total_items,
        "avg_wait_time_minutes": snapshot.average_wait_time_minutes,
        "items_over_sla": snapshot.items_over_sla,
        "sla_compliance_percentage": None,
        "backlog_trend": "stable",
        "items_added_this_interval": snapshot.items_added,
        "items_completed_this_interval": snapshot.items_completed,
    }


urlpatterns = [path("stock", Stock.as_view()), path("floor", Floor.as_view())]


def main(what: str) -> None:
    if what == "migrate":
        with connection.schema_editor() as editor:
            editor.create_model(Snapshot)
        print("{}")
    else:
        options = {"loop": "uvloop", "log_level": "warning", "access_log": False, "lifespan": "off"}
        uvicorn.run(get_asgi_application(), host="127.0.0.1", port=int(what), **options)


if __name__ == "__main__":
    sys.modules["bench.peers.posting"] = sys.modules["__main__"]  # under the name that ROOT_URLCONF has
    main(sys.argv[1])
