"""Check the addresses of webhooks: only public ones, so that nobody reads our own network through them."""

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from django.conf import settings

Address = IPv4Address | IPv6Address
NAT64 = IPv6Network("64:ff9b::/96")


class RefusedError(Exception):
    """The address is not allowed. The message says why, without the whole address."""


def resolve(host: str, port: int) -> str:
    """Look up the address to connect to, once: the address that is checked is the one connected to.

    Raises RefusedError, OSError.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(sockaddr[0]) for *_, sockaddr in found]
    if not settings.WEBHOOK_PRIVATE and not all(is_public(ip_address(each)) for each in addresses):
        raise RefusedError(f"{host} is an address of a private network (INTRADAY_WEBHOOK_PRIVATE allows them)")
    return addresses[0]


def is_public(address: Address) -> bool:
    """Return whether the address is public; an IPv6 address that embeds an IPv4 address is checked by that one."""
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
