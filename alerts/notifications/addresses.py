"""Check the addresses of webhooks: only public ones, so that nobody reads our own network through them."""

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from django.conf import settings

Address = IPv4Address | IPv6Address
NAT64 = IPv6Network("64:ff9b::/96")
GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All of IPv6 that is assigned to the public; fec0::/10, 64:ff9b:1::/48, ::127.0.0.1 and more lie outside."""
SPECIAL = tuple(
    ip_network(network)
    for network in (
        "168.63.129.16/32",  # the host of a virtual machine in Azure: secrets of the machine
        "192.0.0.0/24",  # IETF protocol assignments, among them a metadata service (192.0.0.192)
        "192.88.99.0/24",  # relays of 6to4, deprecated
        "240.0.0.0/4",
        "2001::/23",  # IETF protocol assignments
        "2001:db8::/32",
        "2620:4f:8000::/48",  # AS112: answers nobody
        "3fff::/20",
    )
)
"""Networks of IANA's special-purpose registries, and of clouds, that some release of Python calls global."""


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
    if isinstance(address, IPv6Address) and address not in GLOBAL_UNICAST:
        return False
    return address.is_global and not address.is_multicast and not any(address in network for network in SPECIAL)


def _inner(address: Address) -> IPv4Address | None:
    if isinstance(address, IPv4Address):
        return None
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour
