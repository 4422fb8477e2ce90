"""Which addresses webhooks may reach: public ones, so that nobody looks into our own network with them."""

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from django.conf import settings

Address = IPv4Address | IPv6Address
NAT64 = IPv6Network("64:ff9b::/96")


class RefusedError(Exception):
    """The message says why, without the address as a whole."""


def resolve(host: str, port: int) -> str:
    """The address to connect to, asked for once: what is checked here is what is connected to. Raises RefusedError,
    OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(sockaddr[0]) for *_, sockaddr in found]
    if not settings.WEBHOOK_PRIVATE and not all(is_public(ip_address(each)) for each in addresses):
        raise RefusedError(f"{host} is an address of a private network (INTRADAY_WEBHOOK_PRIVATE allows them)")
    return addresses[0]


def is_public(address: Address) -> bool:
    """Also by the IPv4 address that an IPv6 address stands for."""
    inner = _inner(address)
    if inner is not None:
        return is_public(inner)
    return address.is_global and not address.is_multicast


def _inner(address: Address) -> IPv4Address | None:
    if isinstance(address, IPv4Address):
        return None
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour
