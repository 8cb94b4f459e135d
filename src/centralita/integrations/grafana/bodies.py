"""Bodies of Grafana that are one alert and no group: the old alerting's, OnCall's and Incident's (since then IRM), and
those that an author chose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from centralita.core.alert_groups import Dialect, affected, graveness, texts, unknown_event
from centralita.core.attributes import TITLE_LIMIT, instant, one_line, reference, rfc3339, shaped, web_url, word
from centralita.core.events import Event, Phase, event_id
from centralita.core.payload import find, first_text, items, mapping, tame_number, tame_text
from centralita.ports import Receipt

_STATES: Mapping[str, tuple[str, Phase]] = {
    **dict.fromkeys(
        "alerting firing no_data nodata error critical alert_group_created unresolve grafana_incident_created".split(),
        ("alert.fired", "open"),
    ),
    **dict.fromkeys(("ok", "normal", "resolved", "resolve"), ("alert.resolved", "closed")),
    **dict.fromkeys(("acknowledged", "acknowledge"), ("alert.acknowledged", "open")),
    **dict.fromkeys(
        "pending silenced silence unsilence escalation unacknowledge personal_notification active".split(),
        ("alert.updated", "open"),
    ),
    **dict.fromkeys(("paused", "unknown", "status_change", "manual"), ("alert.updated", "")),
}
"""A state, or the event of OnCall or Incident, as ``attributes.word`` writes it, to the event's type and phase."""

_NAMES: Mapping[str, tuple[str, ...]] = {
    "state": (
        "event.type",
        "event",
        "incident.status",
        "state",
        "status",
        "alert_group.state",
        "alert_state",
        "estado",
    ),
    "condition": ("alert_group.state", "incident.status", "state", "status", "alert_state", "estado"),
    "title": (
        *("alert_group.title", "incident.title", "ruleName", "title", "titulo", "alert_name", "alertname", "name"),
        *("summary", "rule"),
    ),
    "message": (
        *("incident.summary", "message", "mensaje", "description", "descripcion", "text", "annotations.description"),
        "event",
    ),
    "id": (
        *("alert_group.id", "alert_group_id", "incident.incidentID", "fingerprint", "ruleId", "ruleUid", "ruleUID"),
        *("rule_uid", "groupKey"),
    ),
    "url": (
        *(
            "alert_group.permalinks.web",
            "incident.overviewURL",
            "ruleUrl",
            "url",
            "link",
            "generatorURL",
            "panelURL",
            "dashboardURL",
        ),
        *("ruleURL", "alert_url", "dashboard_url", "panel_url", "externalURL"),
    ),
    "time": ("event.time", "alert_group.created_at", "startsAt", "time", "timestamp"),
    "instance": ("instance", "labels.instance", "commonLabels.instance", "tags.instance", "tags.host", "host"),
}
"""Our name to the paths where it is looked for, the first that holds something readable."""

_LABELS = ("labels", "tags", "commonLabels", "alert_payload.commonLabels", "alert_payload.labels")


def single_event(receipt: Receipt, body: object, dialect: Dialect) -> Event:
    """The one event of a body without alerts in a list."""
    if not isinstance(body, dict):
        return unknown_event(receipt, 0, body, dialect.unknown)
    kind, phase = _state(body, dialect)
    labels = {**_said(body), **{name: value for path in _LABELS for name, value in texts(body, path).items()}}
    title, name = one_line(_first(body, "title"), TITLE_LIMIT), _first(body, "id")
    return Event(
        id=event_id(receipt.id, 0),
        source=receipt.source,
        type=kind,
        time=_time(body) or rfc3339(receipt.received_at),
        subject=reference("alert", name) or reference("alert", title),
        severity=graveness(labels, dialect),
        title=title or one_line(_first(body, "message"), TITLE_LIMIT),
        category=one_line(labels.get("category")),
        status=one_line(_first(body, "condition")),
        phase=phase,
        url=_url(body),
        data=_data(body, labels),
    )


def _state(body: dict[str, Any], dialect: Dialect) -> tuple[str, Phase]:
    said = (word(find(body, path)) for path in _NAMES["state"])
    return next((_STATES[state] for state in said if state in _STATES), (dialect.unknown, ""))


def _first(body: dict[str, Any], name: str) -> str:
    return first_text(body, *_NAMES[name])


def _url(body: dict[str, Any]) -> str:
    return next((url for path in _NAMES["url"] if (url := web_url(find(body, path)))), "")


def _time(body: dict[str, Any]) -> str:
    return next((time for path in _NAMES["time"] if (time := instant(find(body, path)))), "")


def _said(body: dict[str, Any]) -> dict[str, str]:
    """What an author put beside each other that would otherwise be labels."""
    names = ("severity", "priority", "level", "category", "ci_type")
    said = {**body, "severity": body.get("severity") or find(body, "incident.severity")}
    return {name: text for name in names if (text := tame_text(said.get(name)))}


def _data(body: dict[str, Any], labels: Mapping[str, str]) -> dict[str, Any]:
    matches = [match for match in items(body, "evalMatches") if isinstance(match, dict)]
    hosts = (tame_text(mapping(match, "tags").get(name)) for match in matches for name in ("instance", "host"))
    instance = _first(body, "instance") or next((host for host in hosts if host), "")
    measured = {tame_text(match.get("metric")): tame_number(match.get("value")) for match in matches}
    data = {
        "labels": {**labels},
        "description": _first(body, "message"),
        "affected_cis": affected(one_line(instance)),
        "ci_type": labels.get("ci_type"),
        "values": {name: value for name, value in measured.items() if name and value is not None},
        "image_url": web_url(body.get("imageUrl")),
    }
    understood = {name: value for name, value in data.items() if value not in (None, "", [], {})}
    return shaped({**{name: value for name, value in body.items() if value is not None}, **understood})
