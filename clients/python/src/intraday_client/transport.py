"""Settings that the sync and the async client share."""

from importlib.metadata import PackageNotFoundError, version
from ipaddress import ip_address
from typing import Any

import httpx2 as httpx

from intraday_client.retries import Send

TIMEOUT = httpx.Timeout(60, connect=10)  # seconds; a batch of 5,000 rows takes some of them


def options(url: str, key: str) -> dict[str, Any]:
    """A proxy of the environment must not stand between a program and its own machine."""
    headers = {"User-Agent": f"intraday-client/{own_version()}"} | ({"Authorization": f"Api-Key {key}"} if key else {})
    return {"base_url": url, "headers": headers, "timeout": TIMEOUT, "trust_env": not is_loopback(url)}


def arguments(step: Send) -> dict[str, Any]:
    return {"method": step.method, "url": step.path, "content": step.body, "params": step.params or None}


def request_headers(step: Send) -> dict[str, str]:
    content = {"Content-Type": "application/json"} if step.body is not None else {}
    return content | ({"Idempotency-Key": step.key} if step.key else {})


def socket_url(url: str) -> str:
    """http becomes ws, https becomes wss; cookies count for nothing there."""
    return url.replace("http", "ws", 1) + "/ws?auth=message"


def is_loopback(url: str) -> bool:
    host = httpx.URL(url).host
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def own_version() -> str:
    try:
        return version("intraday-client")
    except PackageNotFoundError:  # run from its sources
        return "0"
