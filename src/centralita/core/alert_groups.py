"""Groups of alerts as Alertmanager's webhook has them, version 4, which others follow (Grafana, Mimir...): one event
per alert, of type ``alert.fired`` or ``alert.resolved``.

The payload has no id of its own, and an alert is repeated as long as it fires, so the hub's hash of the content tells a
retry from a repetition. Source: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from centralita.core.attributes import (
    TITLE_LIMIT,
    instant,
    one_line,
    reference,
    rfc3339,
    severity_of,
    shaped,
    web_url,
)
from centralita.core.events import Event, Phase, Severity, event_id
from centralita.core.payload import PayloadError, find, integer, items, mapping, tame_text, text

MAX_ALERTS = 10_000
"""In one payload, so that a sender's fault can't make a million rows of one request."""

_STATES: Mapping[str, tuple[str, Phase, str]] = {
    "firing": ("alert.fired", "open", "startsAt"),
    "resolved": ("alert.resolved", "closed", "endsAt"),
}
"""Status of an alert to the event's type, its phase, and where its time is."""


_MOST_REPEATED_BYTES = 1 << 20

_ALERT = frozenset(
    "status labels annotations startsAt endsAt generatorURL fingerprint values valueString silenceURL dashboardURL "
    "panelURL imageURL".split()
)
_GROUP = frozenset(
    "version groupKey status receiver groupLabels commonLabels commonAnnotations externalURL truncatedAlerts alerts "
    "orgId title state message appVersion numFiring numResolved".split()
)
"""The fields that are read, or say for the group what each alert says; all others stay in ``data`` as they came."""


_OF_THE_GROUP = frozenset(("correlation", "status", "title", "rest"))
"""Of what is read of a group, that which is in no alert's ``data`` under that name."""


class Received(Protocol):
    """What is needed of a ``ports.Receipt``."""

    @property
    def id(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def received_at(self) -> float: ...


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """Where the senders of such groups differ."""

    unknown: str
    """Type of an event for what is no alert, or has a status that is not known."""
    severity_labels: tuple[str, ...] = ("severity",)
    """The labels that may say how grave an alert is, the first that does."""
    severities: Mapping[str, str] = msgspec.field(default_factory=dict)
    """The label's value, as ``attributes.word`` writes it, to a severity; before the usual words."""
    severity: Severity | None = None
    """Of an alert that says none."""
    links: tuple[tuple[str, str], ...] = (("silence_url", "silenceURL"),)
    """Name in ``data`` to the alert's field with that address."""
    is_generator: bool = False
    """Whether the sender's own page is in ``generatorURL``, so that a relative one is relative to ``externalURL``;
    Alertmanager's is that of another server."""
    texts: tuple[tuple[str, str], ...] = ()
    """Name in ``data`` to the alert's field with that text of one line."""


def group_events(receipt: Received, body: object, dialect: Dialect) -> list[Event]:
    """The events of a group's alerts, in order; [] when it has none. Raises PayloadError (``body.too_many``)."""
    alerts = items(body, "alerts")
    if len(alerts) > MAX_ALERTS:
        raise PayloadError("body.too_many", f"more than {MAX_ALERTS} alerts")
    around = _around(body)
    return [
        _event(receipt, index, alert, around, dialect)
        if isinstance(alert, dict)
        else unknown_event(receipt, index, alert, dialect.unknown)
        for index, alert in enumerate(alerts)
    ]


def unknown_event(receipt: Received, index: int, body: object, kind: str) -> Event:
    """What is no alert, whole, under ``data.body``."""
    return Event(
        id=event_id(receipt.id, index),
        source=receipt.source,
        type=kind,
        time=rfc3339(receipt.received_at),
        data={"body": body},
    )


def _event(receipt: Received, index: int, alert: dict[str, Any], around: Mapping[str, Any], dialect: Dialect) -> Event:
    labels, annotations = texts(alert, "labels"), texts(alert, "annotations")
    # A template may leave the alert's own state out; then the group's is all that was said.
    status = one_line(alert.get("status")) if "status" in alert else around["status"]
    kind, phase, time_at = _STATES.get(status, (dialect.unknown, "", ""))
    return Event(
        id=event_id(receipt.id, index),
        source=receipt.source,
        type=kind,
        time=_time(alert.get(time_at)) or rfc3339(receipt.received_at),
        subject=reference("alert", alert.get("fingerprint")) or reference("alert", _fingerprint(labels)),
        severity=graveness(labels, dialect),
        title=one_line(annotations.get("summary") or _name(labels) or around["title"], TITLE_LIMIT),
        category=one_line(labels.get("category")),
        status=status,
        phase=phase,
        url=_url(alert, around["external_url"], dialect),
        correlation=around["correlation"],
        data=_data(alert, kind, labels, annotations, around, dialect),
    )


def graveness(labels: Mapping[str, str], dialect: Dialect) -> Severity | None:
    """How grave the labels say that it is, else the dialect's default."""
    said = (severity_of(labels.get(name), dialect.severities) for name in dialect.severity_labels)
    return next((severity for severity in said if severity), dialect.severity)


def _name(labels: Mapping[str, str]) -> str:
    # Grafana names an alert about its own trouble (DatasourceNoData) after the trouble; the rule has another label.
    return ": ".join(filter(None, (labels.get("rulename"), labels.get("alertname"))))


def _data(
    alert: dict[str, Any],
    kind: str,
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
    around: Mapping[str, Any],
    dialect: Dialect,
) -> dict[str, Any]:
    data = {
        "labels": labels,
        "annotations": annotations,
        "description": annotations.get("description") or annotations.get("message"),
        "affected_cis": affected(labels.get("instance", "")),
        "ci_type": labels.get("ci_type"),
        "starts_at": _time(alert.get("startsAt")) if kind == "alert.resolved" else "",
        **{name: web_url(alert.get(field)) for name, field in dialect.links},
        "values": alert.get("values"),
        **{name: one_line(alert.get(field), TITLE_LIMIT) for name, field in dialect.texts},
        **{name: value for name, value in around.items() if name not in _OF_THE_GROUP},
    }
    rest = {name: value for name, value in alert.items() if name not in _ALERT}
    data = {**around["rest"], **rest, **data}
    return shaped({name: value for name, value in data.items() if value not in (None, "", [], {}, 0)})


def _around(body: object) -> dict[str, Any]:
    """What the payload says of all its alerts."""
    group = text(body, "groupKey")
    return {
        "receiver": one_line(find(body, "receiver")),
        "external_url": web_url(find(body, "externalURL")),
        # How many alerts of the group the sender left out of this payload.
        "truncated_alerts": integer(body, "truncatedAlerts"),
        "status": one_line(find(body, "status")),
        "title": text(body, "title"),
        "rest": _rest(body),
        "correlation": f"group/{_hash(group.encode('utf-8', 'surrogatepass'))}" if group else "",
    }


def _rest(body: object) -> dict[str, Any]:
    """What an author put beside the alerts, unless repeating it in each of them would make much of little."""
    if not isinstance(body, dict):
        return {}
    rest = {name: value for name, value in body.items() if name not in _GROUP and value is not None}
    times = len(items(body, "alerts"))
    return rest if not rest or len(msgspec.json.encode(rest)) * times <= _MOST_REPEATED_BYTES else {}


def texts(of: object, path: str) -> dict[str, str]:
    """The texts and numbers of the object at ``path``, as text."""
    return {key: found for key, value in mapping(of, path).items() if (found := tame_text(value))}


def _url(alert: dict[str, Any], base: str, dialect: Dialect) -> str:
    generator, relative = tame_text(alert.get("generatorURL")), ""
    if dialect.is_generator and base and generator[:1] in ("/", "?"):
        relative = f"{base.partition('?')[0].rstrip('/')}/{generator.lstrip('/')}"
    # A panel says more than a relative address, which may be no more than ``?orgId=1``.
    places = (generator, alert.get("panelURL"), alert.get("dashboardURL"), relative, base, alert.get("silenceURL"))
    return next((url for place in places if (url := web_url(place))), "")


_GO_TIME = re.compile(r"(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?) ([+-]\d{4})\b", re.ASCII)


def _time(value: object) -> str:
    # A template that prints a time has it as Go does: 2025-01-02 15:04:05.9 +0000 UTC.
    found = _GO_TIME.match(tame_text(value, 64))
    return instant(f"{found[1]}T{found[2]}{found[3]}" if found else value)


def affected(instance: str) -> list[dict[str, str]]:
    """The CI that an ``instance`` label names, by its host."""
    if not instance:
        return []
    host, colon, port = instance.rpartition(":")
    name = host if colon and port.isdigit() and (":" not in host or host.endswith("]")) else instance
    return [{"id": instance, "name": name.removeprefix("[").removesuffix("]")}]


def _fingerprint(labels: Mapping[str, str]) -> str:
    return _hash(msgspec.json.encode(labels, order="sorted")) if labels else ""


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
