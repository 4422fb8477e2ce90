"""The listening sockets of the embedded run."""

import errno
import socket
from ipaddress import ip_address

_IN_USE = (errno.EADDRINUSE, errno.EACCES)


class PortTakenError(Exception):
    """Another program listens on the port, or the port needs root."""


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def bind(host: str, port: int) -> list[socket.socket]:
    """Return listening sockets; 'localhost' means 127.0.0.1 and, where the machine has it, ::1.

    Raises PortTakenError.
    """
    if host != "localhost":
        return [_listen(host, port)]
    first = _listen("127.0.0.1", port)
    try:
        return [first, _listen("::1", first.getsockname()[1])]
    except PortTakenError:
        first.close()
        raise
    except OSError:  # a machine without IPv6
        return [first]


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        if error.errno in _IN_USE:
            why = "is taken" if error.errno == errno.EADDRINUSE else "needs root"
            raise PortTakenError(f"Port {port} on {host} {why}.") from error
        raise
    return listener
