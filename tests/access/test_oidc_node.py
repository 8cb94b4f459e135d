"""Signing in by the certified provider for Node, with its own pages in between."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from socket import socket
from urllib.parse import parse_qs, urljoin, urlsplit

import aiohttp
import pytest

from centralita.services import oidc
from centralita.services.sessions import signed_in
from centralita.settings import load
from centralita.wiring import open_hub
from tests.access.conftest import ADDRESS, AGENT
from tests.access.provider import CLIENT_ID, CLIENT_SECRET
from tests.slack.javascript import installed

pytestmark = pytest.mark.long
JS = Path(__file__).with_name("js")
CALLBACK = "https://desk.example.com" + oidc.CALLBACK_PATH


@pytest.fixture
def issuer() -> Iterator[str]:
    """Address of a provider that answers."""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environ = {
        **{"PATH": os.environ["PATH"], "MODULES": str(installed(JS)), "PORT": str(port), "REDIRECT_URI": CALLBACK},
        **{"CLIENT_ID": CLIENT_ID, "CLIENT_SECRET": CLIENT_SECRET},
    }
    process = subprocess.Popen(["node", str(JS / "provider.mjs")], env=environ, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "listening\n"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


async def _agreed(url: str) -> dict[str, str]:
    """What the browser comes back with, after somebody signed in there and agreed."""
    method, form = "GET", dict[str, str]()
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        while not url.startswith(CALLBACK):
            async with browser.request(method, url, data=form or None, allow_redirects=False) as answer:
                html = await answer.text()
                if answer.status in (302, 303):
                    method, form, url = "GET", {}, urljoin(url, answer.headers["location"])
                    continue
                assert answer.status == 200, html
            prompt = re.search(r'name="prompt" value="(\w+)"', html)
            action = re.search(r'action="([^"]+)"', html)
            assert prompt is not None and action is not None, html
            method, url = "POST", urljoin(url, action[1])
            form = {"prompt": prompt[1], "login": "u-1", "password": "any"}
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


async def test_there_and_back(issuer: str, migrated_sqlite: str, tmp_path: Path) -> None:
    config = tmp_path / "centralita.yaml"
    config.write_text(
        "locale: en\nserver: {public_url: 'https://desk.example.com'}\nnetwork: {allow: ['127.0.0.1/32']}\n"
        f"dashboard: {{oidc: {{issuer: '{issuer}', client_id: {CLIENT_ID}, client_secret: '{CLIENT_SECRET}', "
        "create_users: true, default_role: viewer}}\n"
    )
    environ = {"CENTRALITA_DATABASE__URL": migrated_sqlite, "CENTRALITA_DATA_DIR": str(tmp_path / "data")}
    async with open_hub(load(config, environ), role="cli") as hub:
        begun = await oidc.begin(hub, "/events")
        query = await _agreed(begun.url)
        assert query["iss"] == issuer
        opened = await oidc.finish(hub, query, begun.browser_cookie, AGENT, ADDRESS)
        user = opened.person.user
        assert (user.name, user.email, user.oidc_subject) == ("ana.g", "ana@example.com", f"{issuer}|u-1")
        assert await signed_in(hub, opened.token) is not None and opened.return_to == "/events"
