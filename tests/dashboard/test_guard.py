"""No other site can make a person's browser change anything here."""

from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from centralita.web.dashboard.guard import crosses

HOST = "desk.example.com"


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({"sec-fetch-site": "same-origin", "origin": f"https://{HOST}"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"origin": f"https://{HOST}"}, False),
        ({"origin": f"http://{HOST}"}, False),  # a proxy ends TLS: the scheme that the hub sees says nothing
        ({}, True),
        ({"sec-fetch-site": "cross-site", "origin": f"https://{HOST}"}, True),
        ({"sec-fetch-site": "same-site", "origin": f"https://{HOST}"}, True),
        ({"sec-fetch-site": "odd"}, True),
        ({"sec-fetch-site": "same-origin", "origin": "https://evil.example"}, True),
        ({"origin": "null"}, True),
        ({"origin": f"https://{HOST}:8443"}, True),
        ({"origin": f"https://{HOST}.evil.example"}, True),
        ({"origin": f"https://x@{HOST}"}, True),
        ({"origin": f"file://{HOST}"}, True),
        ({"origin": "https://public.example.com"}, False),
        ({"origin": "http://["}, True),
    ],
)
def test_a_request_of_another_site_is_told_apart(headers: dict[str, str], refused: bool) -> None:
    asked = Headers({"host": HOST, **headers})
    assert crosses(asked, "https://public.example.com") is refused
