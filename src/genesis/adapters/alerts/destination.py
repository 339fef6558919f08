"""Where alerts may go: hosts that were named, addresses that are public or were named, and no way around it.

An address of this machine, of its network, or of a cloud's metadata service is never reached because a name happened
to resolve to it: every address of a name is judged, and the connection is made to one that was.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import urlsplit

from attrs import frozen

from genesis.ports.alerts import Undelivered
from genesis.ports.errors import InputError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

TRANSLATED: Final = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
"""Addresses behind which a gateway puts an IPv4 address of its own choice. Source: RFC 6052, RFC 8215."""


@frozen
class AllowList:
    """Host names, and networks whose addresses may be reached though they are not public."""

    hosts: frozenset[str]
    networks: tuple[Network, ...] = ()

    def admits(self, address: Address) -> bool:
        """Return whether *address* may be reached.

        Link-local ones, where clouds keep their keys, may never; nor those that mean nobody or many.
        """
        plain = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        judged: Address = plain or address
        if judged.is_link_local or judged.is_multicast or judged.is_unspecified or judged.is_reserved:
            return False
        if any(judged.version == network.version and judged in network for network in self.networks):
            return True
        is_translated = any(judged.version == network.version and judged in network for network in TRANSLATED)
        return judged.is_global and not is_translated


def allow_list(words: Iterable[str]) -> AllowList:
    """Return the list that *words* make: host names, and networks such as 10.1.0.0/16 or 127.0.0.1/32.

    Raises `InputError` for a word that is neither.
    """
    hosts: set[str] = set()
    networks: list[Network] = []
    for word in words:
        if "/" in word:
            try:
                networks.append(ipaddress.ip_network(word))
            except ValueError as error:
                raise InputError(f"GENESIS_ALERT_HOSTS: {word!r} is no network ({error})") from None
        elif not word or word != word.strip() or set(word) & set(":@?# \\"):
            raise InputError(f"GENESIS_ALERT_HOSTS: {word!r} is no host name; write hosts, or networks with a slash")
        else:
            hosts.add(word.lower())
    return AllowList(frozenset(hosts), tuple(networks))


@frozen
class Destination:
    """An address on the web that may be posted to, if it resolves to what may be reached. Its text shows no secret."""

    scheme: str
    host: str
    port: int
    allowed: AllowList

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}/…"

    def checked(self, found: Sequence[str]) -> list[str]:
        """Return the addresses that *host* resolved to; raises `Undelivered` if one of them may not be reached."""
        if not found:
            raise Undelivered(f"{self}: the name has no address")
        for text in found:
            address = ipaddress.ip_address(text.partition("%")[0])
            if not self.allowed.admits(address):
                problem = (
                    f"{self}: {address} may not be reached; allow its network in GENESIS_ALERT_HOSTS if it should be"
                )
                raise Undelivered(problem, is_final=True)
            is_own = address.is_loopback
            if self.scheme == "http" and not is_own:
                raise Undelivered(f"{self}: plain text leaves this machine for {address}; use https", is_final=True)
        return list(found)


def destination(url: str, allowed: AllowList) -> Destination:
    """Return where *url* leads, https or, on this machine, http; raises `InputError` for what is not allowed."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise InputError("the address of an alert channel is no URL: write https://HOST/PATH") from None
    if parts.scheme not in ("https", "http") or not host:
        raise InputError("the address of an alert channel must begin with https://, and name a host")
    if parts.username is not None or parts.password is not None:
        raise InputError(f"the address of an alert channel at {host} holds a name and a password: put them in its path")
    if host not in allowed.hosts and not _is_allowed_number(host, allowed):
        raise InputError(f"alerts may not go to {host}: name it in GENESIS_ALERT_HOSTS")
    return Destination(parts.scheme, host, port or (443 if parts.scheme == "https" else 80), allowed)


def _is_allowed_number(host: str, allowed: AllowList) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return any(address.version == network.version and address in network for network in allowed.networks)
