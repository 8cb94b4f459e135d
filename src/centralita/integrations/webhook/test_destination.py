"""The outgoing webhook: signed so that the specification's own library accepts it, judged as its receivers expect."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from standardwebhooks import Webhook

from centralita.core.effects import Effect, Subject
from centralita.core.events import Event
from centralita.core.signing import generate_key_pair, generate_secret, verify_standard
from centralita.integrations.webhook.destination import WebhookDestination, judge_response
from centralita.integrations.webhook.receiver import Receiver, SigningKey
from centralita.ports import Delivery, HttpRequest, HttpResponse, LanePolicy, Outcome

NOW = 1_763_806_000.7
OLD, NEW = generate_secret(b"o" * 24), generate_secret(b"n" * 32)
RECEIVER = Receiver(name="erp", url="https://erp.test/hook", keys=(SigningKey(NEW), SigningKey(OLD)))
CONFIG: dict[str, Any] = {"receiver": RECEIVER, "session": {}}


def config_with(**changes: Any) -> dict[str, Any]:
    return {"receiver": msgspec.structs.replace(RECEIVER, **changes), "session": {}}


def keys(*secrets: Any) -> tuple[SigningKey, ...]:
    return tuple(SigningKey(secret) for secret in secrets)


EVENT = Event(
    id="evt_01KAN4GQ000000000000000000",
    source="invgate",
    type="ticket.created",
    time="2025-11-22T10:06:40Z",
    subject="ticket/4521",
    severity="high",
    title="Impresora sin tóner",
    data={"ticket": {"id": "4521", "title": "Impresora sin tóner"}, "empty": ""},
)
EFFECT = Effect(rule="webhook:erp", destination="webhook", target="erp")


def delivery(attempt: int = 1, generation: int = 0, uncertain: bool = False) -> Delivery:
    return Delivery(
        id=f"dlv_{attempt}",
        event=EVENT,
        effect=EFFECT,
        subject=Subject(source="invgate", subject="ticket/4521"),
        attempt=attempt,
        generation=generation,
        uncertain=uncertain,
    )


def request_of(item: Delivery, config: dict[str, Any], now: float = NOW) -> HttpRequest:
    wish = next(WebhookDestination().perform(item, config, {}, now))
    assert isinstance(wish, HttpRequest)
    return wish


def outcome_of(config: dict[str, Any], response: HttpResponse | None = None) -> Outcome:
    generator = WebhookDestination().perform(delivery(), config, {}, NOW)
    try:
        next(generator)
        generator.send(response)
    except StopIteration as stop:
        assert isinstance(stop.value, Outcome)
        return stop.value
    raise AssertionError("it asked for a second request")


def test_the_request() -> None:
    request = request_of(delivery(), config_with(headers=(("X-Team", "mesa"),), timeout_s=5.0))
    assert (request.url, request.method, request.timeout_s, request.paced) == (RECEIVER.url, "POST", 5.0, True)
    headers = dict(request.headers)
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"].startswith("Centralita/")
    assert headers["X-Team"] == "mesa"
    assert headers["webhook-timestamp"] == "1763806000"
    assert msgspec.json.decode(request.body) == {
        "type": "ticket.created",
        "timestamp": "2025-11-22T10:06:40Z",
        "data": {
            "id": EVENT.id,
            "source": "invgate",
            "type": "ticket.created",
            "time": "2025-11-22T10:06:40Z",
            "subject": "ticket/4521",
            "severity": "high",
            "title": "Impresora sin tóner",
            "data": EVENT.data,
        },
    }


@pytest.mark.parametrize("secret", [NEW, OLD])
def test_the_specifications_library_accepts_it_by_each_secret(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import datetime

    class Frozen(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:  # type: ignore[override]  # Self
            return datetime.datetime.fromtimestamp(NOW, tz)

    monkeypatch.setattr("standardwebhooks.webhooks.datetime", Frozen)
    request = request_of(delivery(), CONFIG)
    assert Webhook(secret).verify(request.body, dict(request.headers))["type"] == "ticket.created"


def test_an_asymmetric_secret_signs_for_its_public_half() -> None:
    private, public = generate_key_pair(b"k" * 32)
    request = request_of(delivery(), config_with(keys=keys(private)))
    assert verify_standard(request.headers, request.body, [public.encode()], NOW) == ""


def test_the_id_and_the_body_stay_the_same_on_every_attempt_and_replay() -> None:
    first = request_of(delivery(), CONFIG)
    later = request_of(delivery(attempt=3, generation=1, uncertain=True), CONFIG, NOW + 3600)
    assert first.body == later.body
    assert dict(first.headers)["webhook-id"] == dict(later.headers)["webhook-id"] == EVENT.id
    assert dict(later.headers)["webhook-timestamp"] == "1763809600"
    assert dict(first.headers)["webhook-signature"] != dict(later.headers)["webhook-signature"]


def test_without_a_secret_it_is_sent_unsigned() -> None:
    headers = dict(request_of(delivery(), config_with(keys=())).headers)
    assert headers["webhook-id"] == EVENT.id
    assert "webhook-signature" not in headers


@pytest.mark.parametrize("secrets", [[""], ["whsec_"], ["whsec_%%%"], [NEW, ""]])
def test_a_secret_that_cannot_sign_sends_nothing(secrets: list[Any]) -> None:
    outcome = outcome_of(config_with(keys=keys(*secrets)))
    assert (outcome.state, outcome.reason) == ("retry", "webhook.secret")


@pytest.mark.parametrize(
    "headers",
    [
        {"X-A": "b\r\nhost: evil"},
        {"X A": "b"},
        {"": "b"},
        {"x:y": "b"},
        {"Host": "evil"},
        {"Content-Length": "1"},
        {"Webhook-Id": "mine"},
        {"CONTENT-TYPE": "text/plain"},
        {"x": "\x00"},
    ],
)
def test_a_header_that_http_does_not_allow_sends_nothing(headers: dict[str, str]) -> None:
    outcome = outcome_of(config_with(headers=tuple(headers.items())))
    assert (outcome.state, outcome.reason) == ("retry", "webhook.header")


@pytest.mark.parametrize(
    ("changes", "ends"),
    [
        ({"url": ""}, ("dead", "webhook.unconfigured")),
        ({"state": "removed"}, ("skipped", "webhook.removed")),
        ({"state": "shut"}, ("retry", "webhook.secret")),
    ],
)
def test_a_webhook_that_cannot_be_sent_to(changes: dict[str, Any], ends: tuple[str, str]) -> None:
    outcome = outcome_of(config_with(**changes))
    assert (outcome.state, outcome.reason) == ends


@pytest.mark.parametrize(
    ("response", "state", "reason", "retry_after_s", "spends"),
    [
        (HttpResponse(status=200), "delivered", "", None, True),
        (HttpResponse(status=204), "delivered", "", None, True),
        (HttpResponse(status=299), "delivered", "", None, True),
        (HttpResponse(status=200, error="truncated"), "delivered", "", None, True),
        (HttpResponse(status=410), "retry", "http.gone", None, True),
        (HttpResponse(status=301, headers=(("location", "https://x"),)), "retry", "http.redirect", None, True),
        (HttpResponse(status=304), "retry", "http.redirect", None, True),
        (HttpResponse(status=400), "retry", "http.status", None, True),
        (HttpResponse(status=404), "retry", "http.status", None, True),
        (HttpResponse(status=500), "retry", "http.status", None, True),
        (HttpResponse(status=503), "retry", "http.status", None, True),
        (HttpResponse(status=503, headers=(("retry-after", "120"),)), "retry", "http.status", 120.0, True),
        (HttpResponse(status=500, headers=(("retry-after", "120"),)), "retry", "http.status", 120.0, True),
        (HttpResponse(status=404, headers=(("retry-after", "120"),)), "retry", "http.status", 120.0, True),
        (HttpResponse(status=302, headers=(("retry-after", "120"),)), "retry", "http.redirect", 120.0, True),
        (HttpResponse(status=500, headers=(("retry-after", "-5"),)), "retry", "http.status", None, True),
        (HttpResponse(status=429, headers=(("retry-after", "30"),)), "retry", "http.throttled", 30.0, False),
        (HttpResponse(status=429, headers=(("retry-after", "Sat, 22 Nov 2025 10:07:40 GMT"),)), "retry",
         "http.throttled", 59.3, False),
        (HttpResponse(status=429), "retry", "http.throttled", 60.0, False),
        (HttpResponse(status=429, headers=(("retry-after", "soon"),)), "retry", "http.throttled", 60.0, False),
        (HttpResponse(error="timeout"), "retry", "net.timeout", None, True),
        (HttpResponse(error="dns", sent=False), "retry", "net.dns", None, True),
        (HttpResponse(error="blocked", sent=False), "dead", "net.blocked", None, True),
        (HttpResponse(), "retry", "net.protocol", None, True),
    ],
)  # fmt: skip
def test_what_an_answer_means(
    response: HttpResponse, state: str, reason: str, retry_after_s: float | None, spends: bool
) -> None:
    outcome = judge_response(response, NOW)
    assert (outcome.state, outcome.reason, outcome.spends_attempt) == (state, reason, spends)
    assert outcome.retry_after_s == (pytest.approx(retry_after_s) if retry_after_s else None)
    speaks_for_all = response.status == 429 or response.status >= 500
    assert outcome.hold == ("lane" if retry_after_s and speaks_for_all else "")
    assert outcome_of(CONFIG, response).state == state


@pytest.mark.parametrize(
    ("alias", "names", "aliases", "name"),
    [
        ("", (), {}, "ticket.created"),
        ("", ("sol.created",), {"ticket.created": "sol.created"}, "sol.created"),
        ("ot.created", ("sol.created", "ot.created"), {"ticket.created": "sol.created"}, "ot.created"),
        ("ot.created", (), {}, "ticket.created"),
    ],
)
def test_an_alias_names_the_type(alias: str, names: tuple[str, ...], aliases: dict[str, str], name: str) -> None:
    item = msgspec.structs.replace(delivery(), event=msgspec.structs.replace(EVENT, alias=alias))
    body = msgspec.json.decode(request_of(item, config_with(names=frozenset(names), aliases=aliases)).body)
    assert (body["type"], body["data"]["type"]) == (name, "ticket.created")


def test_the_lane_has_the_webhooks_own_policy() -> None:
    policy = LanePolicy(rate_per_s=2.0, burst=3, in_flight=1, schedule_s=(1.0, 2.0), order="strict", on_dead="hold")
    lane = WebhookDestination().lane(EFFECT, config_with(policy=policy))
    assert (lane.key, lane.policy) == ("webhook:erp", policy)
