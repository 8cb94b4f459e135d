"""The way out: HTTP for every URL that a user or a payload can influence, and the directory's LDAP."""

from __future__ import annotations

from centralita.net.client import Client
from centralita.net.connections import AddrInfo, open_socket
from centralita.net.tls import check_client_certificate

__all__ = ["AddrInfo", "Client", "check_client_certificate", "open_socket"]
