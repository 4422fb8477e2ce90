"""Messages are signed as Standard Webhooks say: verified by its library, and by the code in docs/alerting.md."""

import json
import re
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from alerts.notifications import channel_services, payloads
from alerts.notifications.models import Channel, Delivery
from alerts.notifications.services import RETRY_AFTER, try_channel
from tests.alerts.world import at
from tests.live import ROOT
from tests.notifications.conftest import send
from tests.notifications.receiver import receiver

DOCUMENT = (ROOT / "docs/alerting.md").read_text()
PYTHON, OLD_PYTHON = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
[NODE] = re.findall(r"```javascript\n(.*?)```", DOCUMENT, re.DOTALL)
BEFORE_THIS_RELEASE = """
def is_genuine(secret, header, body):
    parts = dict(part.split("=", 1) for part in header.split(","))
    signed = parts["t"].encode() + b"." + body
    expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, parts["v1"]) and abs(time.time() - int(parts["t"])) < 300
"""

Request = tuple[dict[str, str], bytes]


def tried(channel: Channel) -> None:
    assert try_channel(Channel.objects.get(pk=channel.pk), now=timezone.now()).succeeded


def standard(secret: str, request: Request) -> bool:
    headers, body = request
    try:
        return bool(Webhook(secret).verify(body, headers))
    except WebhookVerificationError:
        return False


def python_of_the_document(secret: str, request: Request) -> bool:
    scope: dict[str, Any] = {}
    exec(PYTHON, scope)
    headers, body = request
    try:
        return bool(scope["read"](secret, headers, body))
    except WebhookVerificationError:
        return False


def own_header(code: str) -> Callable[[str, Request], bool]:
    def verify(secret: str, request: Request) -> bool:
        scope: dict[str, Any] = {}
        exec("import hashlib, hmac, time\n" + code, scope)
        headers, body = request
        return scope["is_genuine"](secret, headers["x-intraday-signature"], body)

    return verify


@pytest.fixture
def node(tmp_path: Path) -> Callable[[str, Request], bool]:
    (tmp_path / "read.mjs").write_text(NODE)
    (tmp_path / "main.mjs").write_text(
        'import { read } from "./read.mjs"; const [secret, headers, body] = process.argv.slice(2);'
        "console.log(read(secret, JSON.parse(headers), body).transition);"
    )

    def verify(secret: str, request: Request) -> bool:
        headers, body = request
        command = ["node", str(tmp_path / "main.mjs"), secret, json.dumps(headers), body.decode()]
        return subprocess.run(command, capture_output=True, check=False).stdout == b"test\n"

    return verify


def test_the_library_verifies_a_message_and_refuses_a_changed_one(channel: Any):
    with receiver() as hook:
        made = channel(hook.url)
        tried(made)
    [(headers, body)] = hook.requests
    assert made.secret.startswith("whsec_")
    assert headers["webhook-id"] == headers["x-intraday-delivery"] == json.loads(body)["delivery_id"]
    assert standard(made.secret, (headers, body))
    assert not standard(made.secret, (headers, body.replace(b"test", b"tast")))
    assert not standard(made.secret, ({**headers, "webhook-id": "another"}, body))
    assert not standard(payloads.new_secret(b"r" * 32), (headers, body))
    old = {**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) - 301)}
    assert not standard(made.secret, (old, body))


def test_the_id_stays_the_same_when_a_message_is_sent_again(world: Any, channel: Any):
    with receiver(status=500) as hook:
        channel(hook.url)
        world.rule()
        world.judge(95, 0)
        send(at(0))
        hook.status = 204
        send(at(0) + RETRY_AFTER[0])
    (first, _), (second, _) = hook.requests
    assert first["webhook-id"] == second["webhook-id"] == str(Delivery.objects.get().pk)
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == RETRY_AFTER[0].total_seconds()


def test_every_way_of_verifying_accepts_the_secret_and_no_other(channel: Any, node: Callable[[str, Request], bool]):
    with receiver() as hook:
        made = channel(hook.url)
        tried(made)
    for verify in (standard, python_of_the_document, own_header(OLD_PYTHON), own_header(BEFORE_THIS_RELEASE), node):
        assert verify(made.secret, hook.requests[0])
        assert not verify(payloads.new_secret(b"r" * 32), hook.requests[0])


def test_both_secrets_verify_during_the_overlap_and_the_new_one_after_it(
    channel: Any, node: Callable[[str, Request], bool]
):
    with receiver() as hook:
        made = channel(hook.url)
        former = made.secret
        renewed = channel_services.renew_secret(made, now=timezone.now(), overlap=timedelta(days=7))
        tried(made)
        Channel.objects.update(former_until=timezone.now())
        tried(made)
    during, after = hook.requests
    for verify in (standard, python_of_the_document, own_header(OLD_PYTHON), node):
        assert verify(former, during)
        assert verify(renewed, during)
        assert verify(renewed, after)
        assert not verify(former, after)
    assert own_header(BEFORE_THIS_RELEASE)(former, during)  # receivers that nobody has touched yet


def test_a_secret_from_before_signs_too(channel: Any):
    with receiver() as hook:
        made = channel(hook.url)
        Channel.objects.update(plain_secret="an-old_secret")
        tried(made)
    assert own_header(BEFORE_THIS_RELEASE)("an-old_secret", hook.requests[0])
    assert standard("whsec_YW4tb2xkX3NlY3JldA==", hook.requests[0])


def test_chats_get_no_signatures(channel: Any):
    with receiver() as hook:
        tried(channel(hook.url, "slack", "slack"))
    [(headers, _)] = hook.requests
    assert not [name for name in headers if name.startswith("webhook-") or name == "x-intraday-signature"]
