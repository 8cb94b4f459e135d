"""What the sources of code and tickets keep beyond the contracts, tried on their own fixtures."""

from __future__ import annotations

from centralita.integrations import registry
from centralita.ports import Receipt


def test_without_its_header_an_event_of_github_is_known_by_its_body() -> None:
    for name, fixture in registry.fixtures("github").items():
        said = fixture.headers.get("x-github-event", "")
        if said in ("invented_event", "milestone", "installation", "organization", ""):
            continue
        receipt = Receipt(
            id="rcp_01KAN7A5YR0000000000000000",
            source="desk",
            received_at=1763805991.0,
            content_type=fixture.content_type,
            headers={},
            body=fixture.body,
        )
        (event,) = registry.source("github").parse(receipt, fixture.settings)
        assert event.type == fixture.expected[0]["type"], name


def test_github_s_id_of_a_delivery_tells_repetitions_only_of_what_is_signed() -> None:
    fixture = registry.fixtures("github")["push"]
    request = registry.signed("github", fixture, [b"secret"], {}, 1763805991.0)
    assert (
        registry.source("github").verify(request, [b"secret"], 0.0, {}).dedupe_key
        == fixture.headers["x-github-delivery"]
    )
    assert registry.source("github").verify(request, [b"other"], 0.0, {}).dedupe_key == ""


def test_no_setting_of_github_opens_another_door() -> None:
    request = registry.signed("github", registry.fixtures("github")["push"], [b"secret"], {}, 0.0)
    for auth in ("key", "header", "bearer"):
        assert registry.source("github").verify(request, [b"secret"], 0.0, {"auth": auth}).reason == "scheme.invalid"
        assert registry.source("github").check({"auth": auth}, [b"secret"]) == ["auth: setting.choice"]
