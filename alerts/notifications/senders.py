"""Send one notice to one recipient, within a bounded time. No database: senders run in threads beside the loop."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import httpx2 as httpx
import msgspec
from django.conf import settings
from django.core.mail import EmailMessage

from alerts.notifications import addresses, kinds, payloads
from alerts.notifications.addresses import RefusedError
from alerts.notifications.models import Channel
from alerts.notifications.payloads import Notice
from alerts.notifications.recipients import Recipient
from intraday.encryption.at_rest import UnreadableError

TRY_AGAIN = frozenset({408, 425, 429})


@dataclass(frozen=True)
class Sent:
    """The result of an attempt, for people. `again`: a later attempt may succeed."""

    succeeded: bool
    detail: str
    again: bool = False


def send(recipient: Recipient, notice: Notice, *, now: datetime) -> Sent:
    """Send a notice. Failures of the other side are returned, never raised."""
    if recipient.mailbox or recipient.channel is None:
        return _reported(lambda: _mail(recipient.mailbox, notice))
    channel = recipient.channel
    return _reported(lambda: _to_channel(channel, notice, now))


def _to_channel(channel: Channel, notice: Notice, now: datetime) -> Sent:
    kind = kinds.KINDS[channel.kind]
    try:
        posting = kind.put(channel.address, channel.secret, notice)
        secrets = channel.secrets_in_force(now) if kind.is_signed else []
    except UnreadableError as error:
        return Sent(False, f"address or secret {error}: set them anew on the channel's page")
    body = msgspec.json.encode(posting.body)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "intraday-alerts",
        "X-Intraday-Delivery": notice.delivery_id,
        **posting.headers,
        **payloads.signed_headers(secrets, notice.delivery_id, body, now),
    }
    if notice.request_id:
        headers["X-Request-ID"] = notice.request_id
    return asyncio.run(_post(httpx.URL(posting.url), body, headers))


def _reported(act: Callable[[], Sent]) -> Sent:
    try:
        return act()
    except RefusedError as error:
        return Sent(False, f"refused: {error}")
    except (TimeoutError, httpx.TimeoutException):
        return Sent(False, f"no answer within {settings.SEND_TIMEOUT:g} s", again=True)
    except (OSError, httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:  # smtplib's are OSErrors
        return Sent(False, f"not reached: {str(error) or type(error).__name__}"[:300], again=True)


async def _post(url: httpx.URL, body: bytes, headers: dict[str, str]) -> Sent:
    """Connect to the address that was checked, under the name that was asked for; follow no redirect."""
    port = url.port or (443 if url.scheme == "https" else 80)
    async with asyncio.timeout(
        settings.SEND_TIMEOUT
    ):  # for the whole exchange, so that a receiver cannot hold it open byte by byte
        address = await asyncio.to_thread(addresses.resolve, url.host, port)
        headers = {**headers, "Host": url.netloc.decode()}
        extensions = {"sni_hostname": url.raw_host.decode()}
        async with (
            httpx.AsyncClient(verify=_tls(), timeout=settings.SEND_TIMEOUT, trust_env=False) as client,
            client.stream(
                "POST", url.copy_with(host=address), content=body, headers=headers, extensions=extensions
            ) as answer,
        ):
            return _judged(answer)


@cache
def _tls() -> ssl.SSLContext:
    """Reading the certificates of authorities takes longer than sending."""
    return httpx.create_ssl_context(trust_env=False)


def _judged(answer: httpx.Response) -> Sent:
    if answer.is_success:
        return Sent(True, f"answered {answer.status_code}")
    if answer.is_redirect:
        return Sent(False, f"answered {answer.status_code}: redirects are not followed")
    code = answer.status_code
    return Sent(False, f"answered {code}", again=code >= 500 or code in TRY_AGAIN)


NO_MAIL_SERVER = "no mail server is set (EMAIL_URL)"
_NOWHERE = {f"django.core.mail.backends.{name}.EmailBackend" for name in ("console", "dummy")}


def _mail(mailbox: str, notice: Notice) -> Sent:
    nowhere = settings.EMAIL_BACKEND in _NOWHERE
    if nowhere and not settings.EMBEDDED:
        return Sent(False, NO_MAIL_SERVER)
    headers = {"Message-ID": f"<{notice.delivery_id}@{settings.MAIL_DOMAIN}>"}
    EmailMessage(notice.title, payloads.mail(notice), to=[mailbox], headers=headers).send()
    return Sent(True, f"printed: {NO_MAIL_SERVER}" if nowhere else "handed to the mail server")
