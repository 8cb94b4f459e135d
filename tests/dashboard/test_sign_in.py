"""Signing in by the form, and what a page says to whoever may not see it."""

from __future__ import annotations

import pytest

from tests.dashboard.office import Office

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_whoever_signs_in_comes_where_they_wanted_to_go(office: Office) -> None:
    ana = await office.person("ana")
    await ana.post("/sign-out")
    asked = await ana.get("/?x=1")
    assert "/sign-in?next=" in asked.url
    there = await ana.post("/sign-in", {"name": "ana", "password": "zapato lima nube cuarenta", "next": "/?x=1"})
    assert there.status == 200 and there.url.endswith("/?x=1")
    assert "ana" in there.text


async def test_nobody_is_led_to_another_site_by_signing_in(office: Office) -> None:
    ana = await office.person("nadia")
    for target in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"):
        await ana.post("/sign-out")
        fields = {"name": "nadia", "password": "zapato lima nube cuarenta", "next": target}
        seen = await ana.post("/sign-in", fields, follow=False)
        assert (seen.status, seen.headers["location"]) == (303, "/")


async def test_a_wrong_password_is_said_at_the_form_and_keeps_the_name(office: Office) -> None:
    stranger = await office.stranger()
    seen = await stranger.post("/sign-in", {"name": "<b>x", "password": "no"})
    assert seen.status == 403
    assert 'value="&lt;b&gt;x"' in seen.html and "no" not in seen.links()
    assert 'type="password" name="password" id="password" value=""' in seen.html


async def test_the_language_and_the_colours_stay_with_the_person(office: Office) -> None:
    luis = await office.person("luis")
    assert 'lang="en"' in (await luis.get("/")).html
    seen = await luis.post("/preferences", {"locale": "es", "theme": "dark", "back": "/"})
    assert 'lang="es"' in seen.html and 'data-theme="dark"' in seen.html
    again = await office.stranger()
    seen = await again.sign_in("luis")
    assert 'lang="es"' in seen.html and 'data-theme="dark"' in seen.html


async def test_pages_that_are_not_there_say_so_as_a_page_or_as_a_problem(office: Office) -> None:
    marta = await office.person("marta")
    seen = await marta.get("/nothing-here")
    assert seen.status == 404 and "There is no such page" in seen.text
    seen = await marta.get("/nothing-here", accept="application/json")
    assert seen.status == 404 and seen.headers["content-type"] == "application/problem+json"
