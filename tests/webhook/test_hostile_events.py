"""No event, whatever a stranger put into it, breaks a format: something valid is sent, or a reason is given."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from centralita.core.effects import Subject
from centralita.core.events import Event
from centralita.core.headers import judge_header
from centralita.integrations.webhook.formats import FORMATS, Unrenderable, material_of, render
from tests.contracts.kinds import RECEIPT_ID, tried
from tests.webhook.stream import receiver_of

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.text(max_size=30))
JSON: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)),
    max_leaves=6,
)
RECORDS = """message ticket client contact asset requester agent approver comment object type variables details
    description annotations chatPlatform contactId customerId approval data event webhook_id session_id title""".split()
FIELDS = """id text author from channel platform attachments name email code title description status kind url created
    isButton runbook_url location button""".split()
RECORD = st.dictionaries(
    st.sampled_from(FIELDS), st.one_of(JSON, st.lists(st.dictionaries(st.sampled_from(FIELDS), JSON), max_size=3))
)
TYPES = "ticket.created message.received message.read variables.changed contact.deleted session.escalated x.y".split()
EVENTS = st.builds(
    Event,
    id=st.just(RECEIPT_ID.replace("rcp_", "evt_")),
    source=st.sampled_from(["a", "ñ b/c"]),
    type=st.sampled_from(TYPES),
    time=st.sampled_from(["2025-01-01T00:00:00.000Z", "", "x", "9999-12-31T23:59:59+00:00"]),
    subject=st.sampled_from(["", "ticket/1", "session/ü", "/"]),
    severity=st.sampled_from([None, "high"]),
    title=st.text(max_size=300),
    status=st.text(max_size=20),
    url=st.sampled_from(["", 'https://x.test/(a)_b?q="<>', "javascript:1"]),
    correlation=st.text(max_size=10),
    data=st.dictionaries(st.sampled_from(RECORDS), st.one_of(JSON, RECORD), max_size=6),
)


@tried(60)
@given(EVENTS)
def test_whatever_an_event_holds_can_be_sent(event: Event) -> None:
    subject = Subject(source=event.source, subject=event.subject, data=event.data)
    for format in FORMATS:
        item = material_of(event, subject, receiver_of(format), {}, 0)
        try:
            message = render(item)
        except Unrenderable as fault:
            assert (format, fault.reason) == ("raw", "webhook.original_gone")
            continue
        assert all(not judge_header(*header) for header in message.headers)
        if format != "mail":
            msgspec.json.decode(message.body)
        assert render(item) == message
