"""Checks of single values. Each returns the value, perhaps in its canonical form, or raises through ``refuse``."""

from __future__ import annotations

import ipaddress
import re
from email.utils import parseaddr
from typing import NoReturn
from urllib.parse import urlsplit

from pydantic import SecretStr

from centralita.i18n import N_

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110, section 5.6.2
_MAIL = re.compile(r"[^\s@<>,;:\"?%]+@[^\s@<>,;:\"?%/]+")
_CONTENT_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(; ?[\w-]+=[\w.+-]+)*", re.ASCII)
SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


def refuse(reason: str) -> NoReturn:
    """Rejects a value; ``reason`` is a msgid that says what it should be, without the value: it may be secret."""
    raise ValueError(reason)


def http_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        refuse(N_("is not a valid URL."))
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_fine:
        refuse(N_("has to be an http:// or https:// URL."))
    if re.search(r"[\s\x00-\x1f\x7f]", value):
        refuse(N_("has to be an http:// or https:// URL."))
    return value


def optional_http_url(value: str | None) -> str | None:
    return None if value is None else http_url(value)


def optional_base_url(value: str | None) -> str | None:
    return None if value is None else http_url(value).rstrip("/")


def receiver_url(value: str) -> str:
    """``http(s)://...``, ``mailto:somebody@example.com``, or "" for a webhook that is polled."""
    if value.startswith("mailto:"):
        if not _MAIL.fullmatch(value.removeprefix("mailto:")):
            refuse(N_("has to be an http:// or https:// URL, or mailto: and an address."))
        return value
    return http_url(value) if value else value


def optional_mail_sender(value: str | None) -> str | None:
    """``somebody@example.com``, or with a name in front: ``Somebody <somebody@example.com>``."""
    if value is None:
        return None
    address = parseaddr(value)[1]
    if not _MAIL.fullmatch(address) or not address.isascii() or not value.isprintable():
        refuse(N_("has to be a mail address, perhaps with a name: Service desk <desk@example.com>."))
    return value


def content_type(value: str) -> str:
    if not _CONTENT_TYPE.fullmatch(value):
        refuse(N_("has to be a content type such as application/json."))
    return value


def with_slash(value: str) -> str:
    return value if value.endswith("/") else value + "/"


def cidr(value: str) -> str:
    try:
        return str(ipaddress.ip_network(value, strict=False))
    except ValueError:
        refuse(N_("has to be a network such as 10.0.0.0/8, or an address."))


def slash_command(value: str) -> str:
    if not re.fullmatch(r"/[a-z0-9_-]{1,31}", value):
        refuse(N_("has to be a slash and up to 31 lower-case letters, digits, - and _: /centralita."))
    return value


def slug(value: str) -> str:
    if not SLUG.fullmatch(value):
        refuse(N_("may have lower-case letters, digits, - and _ only, at most 63."))
    return value


def header_name(value: str) -> str:
    if not _TOKEN.fullmatch(value):
        refuse(N_("is not a valid header name."))
    return value


def header_value(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if not text.isascii() or not text.isprintable() or text != text.strip():
        refuse(N_("is not a valid header value."))
    return value


def database_url(value: str) -> str:
    """``postgres://`` and SQLAlchemy's ``scheme+driver://`` mean the same as the plain scheme: the driver is ours."""
    scheme, separator, rest = value.partition("://")
    canonical = {"postgres": "postgresql"}.get(scheme.partition("+")[0], scheme.partition("+")[0])
    if not separator or canonical not in ("sqlite", "postgresql"):
        refuse(N_("has to be sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME."))
    if canonical == "sqlite" and (not rest.startswith("/") or len(rest) < 2):
        refuse(N_("has to be sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME."))
    return f"{canonical}://{rest}"
