"""What messages say, in both languages, and that they keep Slack's limits whatever a sender writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from centralita.integrations.slack.blocks import MAX_PARTS, Rendered, render, render_parts
from centralita.integrations.slack.facts import read_facts
from centralita.integrations.slack.story import tell_change, tell_root
from centralita.integrations.slack.system import REASONS, explain_reason
from centralita.integrations.slack.test_scripted import ANA, LUIS, TICKET, delivery
from centralita.ports import Delivery

PUBLIC_URL = "https://desk.test"
MARTA = {"name": "Marta Ríos", "email": "marta@example.com"}


def alert(kind: str = "alert.fired", phase: str = "open", **event: Any) -> Delivery:
    """A critical alert with everything that a monitoring event can have."""
    data = {
        "description": "Uso de CPU de 98 % durante 10 minutos.",
        "affected_cis": [{"id": f"ci-{n}", "name": f"srv-{n}"} for n in range(7)],
        "ai_analysis": {"summary": "Un proceso se fue de control.", "recommended_action": "Reiniciar el servicio."},
        "annotations": {"runbook_url": "https://wiki.test/cpu"},
    }
    values = {
        "source": "alertmanager",
        "severity": "critical",
        "title": "CPU alta en srv-0",
        "status": "firing",
        "url": "https://prometheus.test/graph",
        "data": data,
        **event,
    }
    return delivery(1, kind, subject="alert/1a2b", phase=phase, ticket={}, event=values)


def system(kind: str, **data: Any) -> Delivery:
    """One of the hub's own events."""
    values = {"source": "centralita", "title": "", "status": "", "data": data}
    return delivery(1, kind, subject="lane/slack:#alerts", ticket={}, phase="", event=values)


DEAD = {
    "lane": "webhook:erp",
    "reason": "http.status 503",
    "more": 3,
    "about": {"type": "ticket.created", "title": "Impresora sin tóner"},
}
COMMENT = {"comment": {"text": "Ya salgo para allá.", "author": "Luis Paredes", "visible_to_customer": True}}
KINDS: dict[str, Delivery] = {
    "created": delivery(),
    "updated": delivery(1, "ticket.updated"),
    "status": delivery(1, "ticket.status_changed", data={"agent": LUIS}),
    "assigned": delivery(1, "ticket.assigned", data={"agent": LUIS}),
    "commented": delivery(1, "ticket.commented", data={**COMMENT, "agent": LUIS}),
    "sla": delivery(1, "ticket.sla_breached", data={"agent": LUIS}),
    "closed": delivery(1, "ticket.closed", phase="closed", data={"agent": LUIS}),
    "reopened": delivery(1, "ticket.reopened"),
    "merged": delivery(1, "ticket.merged"),
    "approval": delivery(1, "approval.requested", data={"approver": MARTA}),
    "answered": delivery(1, "approval.answered", data={"approver": MARTA}),
    "alert": alert(),
    "resolved": alert("alert.resolved", "closed"),
    "generic": delivery(1, "deploy.finished", ticket={}, phase="", event={"title": "Versión 1.2", "data": {}}),
    "bare": delivery(1, "generic.received", ticket={}, phase="", event={"title": "", "status": "", "data": {}}),
    "dead": system("centralita.delivery.dead", **DEAD),
    "opened": system(
        "centralita.breaker.opened", lane="slack:#alerts", reason="slack.invalid_auth", waiting=12,
        retry_at="2025-11-22T14:32:00Z",
    ),
    "flows": system("centralita.breaker.closed", lane="slack:#alerts", waiting=1),
    "failing": system(
        "centralita.webhook.failing", lane="webhook:erp", reason="net.refused", percent=70,
        since="2025-11-22T14:32:00Z", disables_at="2025-11-27T14:32:00Z",
    ),
    "stopped": system(
        "centralita.webhook.disabled", lane="webhook:erp", reason="webhook.failing", waiting=2,
        last_error="net.refused 127.0.0.1",
    ),
    "gone": system(
        "centralita.webhook.disabled", lane="webhook:erp", reason="http.gone", waiting=1, last_error="http.gone 410"
    ),
    "rejecting": system("centralita.source.rejecting", source="invgate", reason="signature.mismatch", count=3),
    "other": system("centralita.other.thing"),
}  # fmt: skip


def root(item: Delivery, locale: str, use_blocks: bool = True) -> Rendered:
    message = tell_root(read_facts(item, locale, PUBLIC_URL), PUBLIC_URL, in_thread=False)
    return render(message, "", locale, use_blocks=use_blocks, threads=True)


def texts(value: object) -> Iterator[str]:
    """Every text inside blocks."""
    if isinstance(value, dict):
        if isinstance(value.get("text"), str):
            yield value["text"]
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


def words(rendered: Rendered) -> str:
    return "\n".join([*texts(rendered.blocks), *texts(rendered.attachments)])


EXPECTED = {
    "created": ("🎫 Nuevo ticket #4521: Impresora sin tóner", "Falta asignar a alguien."),
    "status": ("🎫 El ticket #4521 pasó a Abierto: Impresora sin tóner", "En manos de Luis Paredes."),
    "assigned": ("👤 Ticket #4521 asignado a Luis Paredes: Impresora sin tóner", "*Agente:*\nLuis Paredes"),
    "commented": ("💬 Nuevo comentario en el ticket #4521", "*Comentario de Luis Paredes*\nYa salgo para allá."),
    "sla": ("⏰ El ticket #4521 pasó su plazo", "Luis Paredes debe actuar ahora."),
    "closed": ("✅ Ticket #4521 cerrado", "*Estado:*\nAbierto"),
    "approval": ("📝 El ticket #4521 espera aprobación", "Falta que Marta Ríos lo apruebe o lo rechace."),
    "alert": ("🚨 CPU alta en srv-0", "*Severidad:*\nCRÍTICA"),
    "resolved": ("✅ Resuelto: CPU alta en srv-0", "*Origen:*\nalertmanager"),
    "generic": ("📌 Versión 1.2", "*Tipo:*\ndeploy.finished"),
    "bare": ("📌 generic.received", "*Origen:*\ninvgate"),
    "dead": ("✉️ Sin entregar: Impresora sin tóner", "El receptor respondió con un error.\n503"),
    "opened": ("⏸️ slack:#alerts está en espera", "12 mensajes esperan, ninguno se pierde."),
    "flows": ("✅ slack:#alerts vuelve a fluir", "1 mensaje espera, ninguno se pierde."),
    "failing": ("⚠️ webhook:erp sigue fallando", "Ya pasó el 70 % del tiempo tras el cual la central deja de enviar."),
    "stopped": ("🛑 webhook:erp se detuvo", "2 mensajes esperan, ninguno se pierde."),
    "gone": ("🛑 webhook:erp se detuvo", "El receptor dice que la dirección ya no existe (410)."),
    "rejecting": ("🚫 Se rechaza lo que envía invgate", "La firma o el secreto no es correcto."),
}


@pytest.mark.parametrize("kind", EXPECTED)
@pytest.mark.parametrize("use_blocks", [True, False])
def test_spanish(kind: str, use_blocks: bool) -> None:
    rendered = root(KINDS[kind], "es-AR", use_blocks)
    said = words(rendered) if use_blocks else rendered.text
    headline, detail = EXPECTED[kind]
    assert headline in rendered.text
    assert headline in said
    assert detail.replace(":*\n", ":* ") in said.replace(":*\n", ":* ")


@pytest.mark.parametrize("kind", KINDS)
def test_english_is_another_text(kind: str) -> None:
    assert words(root(KINDS[kind], "en")) != words(root(KINDS[kind], "es"))


def test_a_course_of_values_is_drawn_unless_the_rule_wants_none() -> None:
    item = KINDS["alert"]
    event = msgspec.structs.replace(item.event, data={**item.event.data, "series": [10, 20, 40, 80.5]})
    plain = msgspec.structs.replace(item.effect, formatting={"include_charts": False})
    drawn = msgspec.structs.replace(item, event=event)
    assert "*Evolución:* ▁▂▄█ de 10 a 80,5, ahora 80,5" in words(root(drawn, "es"))
    assert "▁" not in words(root(msgspec.structs.replace(drawn, effect=plain), "es"))


def test_the_seeds_template_for_monitoring() -> None:
    rendered = root(KINDS["alert"], "en")
    header, attachment = rendered.blocks[0], rendered.attachments[0]
    assert header == {"type": "header", "text": {"type": "plain_text", "text": "🚨 CPU alta en srv-0", "emoji": True}}
    assert attachment["color"] == "#b3261e"
    fields = [field["text"] for field in attachment["blocks"][0]["fields"]]
    assert fields[:4] == [
        "*Severity:*\nCRITICAL",
        "*Source:*\nalertmanager",
        "*Time:*\n<!date^1763806000^{date_short_pretty} {time}|2025-11-22 10:06 UTC>",
        "*Status:*\nFiring",
    ]
    said = words(rendered)
    assert "*Affected CIs*\n• srv-0\n• srv-1\n• srv-2\n• srv-3\n• srv-4\n• and 2 more" in said
    assert "*AI analysis*\nUn proceso se fue de control." in said
    assert "*Recommended action*\nReiniciar el servicio." in said
    buttons = next(block for block in attachment["blocks"] if block["type"] == "actions")["elements"]
    assert [(button["text"]["text"], button["url"]) for button in buttons] == [
        ("View details", "https://desk.test/events/evt_01KAN4GQ000000000000000000"),
        ("Open at the source", "https://prometheus.test/graph"),
        ("Runbook", "https://wiki.test/cpu"),
    ]


def test_a_requester_gets_the_ticket_not_the_hub() -> None:
    rendered = root(delivery(target="ana@example.com", audience="requester"), "es")
    assert "desk.test" not in str(rendered)
    assert "https://invgate.test/4521" in str(rendered)


def test_a_change_shows_what_the_subject_is_known_to_be() -> None:
    """An event that carries only its change is shown whole."""
    change = delivery(
        2, "ticket.status_changed", event={"data": {"ticket": {"id": "4521"}}, "status": "Resuelto", "title": ""}
    )
    said = words(root(change, "es"))
    for text in ("pasó a Resuelto: Impresora sin tóner", ANA["name"], TICKET["priority"], TICKET["description"]):
        assert text in said


EVIL = "<!channel> <@U1|you> <https://evil.test|https://bank.test> & @here *b*"


@pytest.mark.parametrize("use_blocks", [True, False])
@pytest.mark.parametrize(
    "kind",
    [
        *("ticket.created", "ticket.commented", "alert.fired", "centralita.delivery.dead", "message.received"),
        *("message.failed", "variables.changed", "client.created", "contact.updated", "asset.deleted"),
        *("session.escalated", "step.failed"),
    ],
)
def test_no_value_becomes_markup(kind: str, use_blocks: bool) -> None:
    data = {
        "ticket": dict.fromkeys(TICKET, EVIL),
        "requester": {"name": EVIL},
        "agent": {"name": EVIL},
        "comment": {"text": EVIL, "author": EVIL, "visible_to_customer": True},
        "description": EVIL,
        "affected_cis": [{"name": EVIL, "url": "javascript:x"}, EVIL],
        "ai_analysis": {"summary": EVIL, "recommended_action": EVIL},
        "message": {
            **dict.fromkeys("text author channel platform url location button queue".split(), EVIL),
            "attachments": [{"kind": EVIL, "url": "https://files.test/a"}, {"kind": "image", "url": EVIL}, EVIL],
        },
        "variables": {EVIL: EVIL},
        **{name: EVIL for name in ("reason", "notes", "step_number")},
        **{name: dict.fromkeys("id name code email location".split(), EVIL) for name in ("client", "contact", "asset")},
        **{name: EVIL for name in ("lane", "source")},
        "about": {"title": EVIL, "type": EVIL},
    }
    values = {"title": EVIL, "status": EVIL, "source": EVIL, "time": EVIL, "url": EVIL, "type": kind, "data": data}
    item = delivery(1, kind, ticket={}, event=values)
    facts = read_facts(item, "en", PUBLIC_URL)
    change = render(tell_change(facts, PUBLIC_URL), "", "en", use_blocks=False, threads=True)
    said = f"{root(item, 'en', use_blocks)} {change}"
    for markup in ("<!channel", "<@U1", "<https://evil", "@here"):
        assert markup not in said


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=200) | st.just("x" * 5000) | st.just("😀&\n" * 3000),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(
        st.sampled_from("id name title description text author summary url attachments kind location".split()),
        inner,
        max_size=6,
    ),
    max_leaves=12,
)  # fmt: skip
DATA = st.dictionaries(
    st.sampled_from(
        "ticket requester agent approver comment description affected_cis ai_analysis message variables client contact "
        "asset".split()
    ),
    JUNK,
    max_size=6,
)


OTHERS = {
    "message.received",
    "variables.changed",
    "session.started",
    "client.created",
    "contact.updated",
    "asset.deleted",
}


@settings(max_examples=90)
@given(DATA, st.sampled_from(sorted({item.event.type for item in KINDS.values()} | OTHERS)), st.booleans())
def test_whatever_a_sender_writes_fits(data: dict[str, Any], kind: str, use_blocks: bool) -> None:
    item = delivery(1, kind, ticket={}, event={"data": data, "title": str(data.get("description", ""))})
    rendered = root(item, "es", use_blocks)
    assert 0 < len(rendered.text) <= 4000
    blocks = [*rendered.blocks, *(block for one in rendered.attachments for block in one["blocks"])]
    assert len(blocks) <= 20
    assert sum(len(text) for text in texts(blocks)) <= 13_000
    for block in blocks:
        limit = 150 if block["type"] == "header" else 3000
        assert all(0 < len(text) <= limit for text in texts(block))
        assert all(len(field["text"]) <= 2000 for field in block.get("fields", []))
    parts = render_parts(rendered.overflow, None, "es")
    assert len(parts) <= MAX_PARTS + 1
    assert all(len(part) <= 3000 for part in parts)


def test_a_long_title_is_cut_in_the_header_and_whole_below() -> None:
    title = "Muy largo " * 30
    rendered = root(delivery(event={"title": title}), "es")
    assert rendered.blocks[0]["text"]["text"].endswith("…")
    assert title.strip() in words(rendered)


@pytest.mark.parametrize("locale", ["es", "en"])
def test_every_reason_has_words(locale: str) -> None:
    assert all(explain_reason(reason, locale).endswith(".") for reason in REASONS)
    assert explain_reason("slack.something_new", locale) == "slack.something_new"
