"""The pages about people: profile, users, tokens, invitations, the audit log."""

from __future__ import annotations

import re

import pytest

from centralita.services.access import add_user, authenticate, list_tokens, list_users
from centralita.store import users
from tests.dashboard.office import ADMINISTRATOR, PASSWORD, Office, Seen

pytestmark = pytest.mark.asyncio(loop_scope="module")
OTHER = "cuatro llamas en la azotea"
CANARY = "<img src=x onerror=alert(1)>"


def secret(seen: Seen) -> str:
    """What a page shows this once."""
    found = re.search(r'class="secret" id="\w+">([^<]+)<', seen.html)
    assert found is not None, seen.text
    return found[1]


# ---- profile


async def test_a_profile_keeps_language_colours_and_zone(office: Office) -> None:
    ana = await office.person("ana", "viewer")
    assert "/profile" in (await ana.get("/")).links()
    seen = await ana.post("/profile", {"locale": "es", "theme": "dark", "timezone": "America/Lima"})
    assert 'class="notice flowing"' in seen.html and 'lang="es"' in seen.html and 'data-theme="dark"' in seen.html
    assert '<option value="America/Lima" selected>' in seen.html
    refused = await ana.post("/profile", {"locale": "fr", "theme": "pink", "timezone": "Mars/Olympus"})
    assert refused.status == 422 and refused.html.count('class="fault"') == 3


async def test_changing_the_password_leaves_this_browser_alone_signed_in(office: Office) -> None:
    here = await office.person("bea", "viewer")
    there = await office.stranger()
    await there.sign_in("bea")
    for fields, at in (
        ({"old": "wrong", "new": OTHER, "again": OTHER}, "old-fault"),
        ({"old": PASSWORD, "new": "short", "again": "short"}, "new-fault"),
        ({"old": PASSWORD, "new": OTHER, "again": OTHER + "x"}, "again-fault"),
    ):
        seen = await here.post("/profile/password", fields)
        assert seen.status == 422 and f'id="{at}"' in seen.html
        assert OTHER not in seen.html and PASSWORD not in seen.html
    done = await here.post("/profile/password", {"old": PASSWORD, "new": OTHER, "again": OTHER})
    assert "Every other browser was signed out" in done.text
    assert "/sign-in" in (await there.get("/profile")).url
    assert (await there.post("/sign-in", {"name": "bea", "password": OTHER})).status == 200


async def test_one_browser_is_signed_out_from_another_and_only_ones_own(office: Office) -> None:
    here, stranger = await office.person("cleo", "viewer"), await office.person("dina", "viewer")
    there = await office.stranger()
    await there.sign_in("cleo")
    page = await here.get("/profile")
    assert "this one" in page.text
    (target,) = [action for action in page.forms() if action.endswith("/end")]
    assert "ended already" in (await stranger.post(target)).text
    assert "/sign-in" not in (await there.get("/profile")).url
    assert "Signed out there" in (await here.post(target)).text
    assert "/sign-in" in (await there.get("/profile")).url


# ---- users


async def test_somebody_is_added_invited_and_comes_in(office: Office) -> None:
    admin = await office.as_role("admin")
    added = await admin.post("/users", {"name": "eva", "role": "operator", "email": "eva@example.com", "locale": "es"})
    assert added.url.endswith("/users/eva") and "eva was added" in added.text
    shown = await admin.post("/users/eva/invitation")
    link = secret(shown)
    assert link.startswith(f"{office.url}/invitation/")
    assert link not in (await admin.get("/users/eva")).html, "it is shown once"
    path = link.removeprefix(office.url)
    eva = await office.stranger()
    assert "eva" in (await eva.get(path)).text
    for fields, at in (({"password": "short", "again": "short"}, "password"), ({"password": OTHER}, "again")):
        seen = await eva.post(path, fields)
        assert seen.status == 422 and f'id="{at}-fault"' in seen.html
    done = await eva.post(path, {"password": OTHER, "again": OTHER})
    assert done.status == 200 and 'lang="es"' in done.html and "eva" in done.text
    for again in (await eva.get(path), await eva.post(path, {"password": OTHER, "again": OTHER})):
        assert again.status == 410 and OTHER not in again.html


async def test_what_is_wrong_is_said_at_its_field(office: Office) -> None:
    admin = await office.as_role("admin")
    await admin.post("/users", {"name": "fay", "role": "viewer"})
    for fields, at in (
        ({"name": "fay", "role": "viewer"}, "name"),
        ({"name": "", "role": "viewer"}, "name"),
        ({"name": "a/b", "role": "viewer"}, "name"),
        ({"name": "gil", "role": "emperor"}, "role"),
        ({"name": "gil", "role": "viewer", "email": "no address"}, "email"),
        ({"name": "gil", "role": "viewer", "slack_id": "x"}, "slack_id"),
        ({"name": "gil", "role": "viewer", "locale": "fr"}, "locale"),
    ):
        seen = await admin.post("/users", fields)
        assert seen.status == 422 and f'id="{at}-fault"' in seen.html, fields
    assert all(each.name != "gil" for each in await list_users(office.hub, 500, 0))
    seen = await admin.post("/users/fay", {"role": "emperor"})
    assert seen.status == 422 and 'id="role-fault"' in seen.html
    saved = await admin.post("/users/fay", {"role": "operator", "email": "fay@example.com"})
    assert "Saved" in saved.text
    row = await office.hub.database.read(lambda tx: users.by_name(tx, "fay"))
    assert row is not None and (row.role, row.email) == ("operator", "fay@example.com")


async def test_somebody_is_disabled_with_an_undo_and_nobody_themselves(office: Office) -> None:
    admin, hugo = await office.as_role("admin"), await office.person("hugo", "viewer")
    seen = await admin.post("/users/hugo/enabled", {"enabled": "no"})
    assert "hugo is disabled" in seen.text and "/users/hugo/enable" in seen.forms()
    assert "/sign-in" in (await hugo.get("/profile")).url
    assert (await hugo.sign_in("hugo")).status == 403
    assert "may come in again" in (await admin.post("/users/hugo/enable")).text
    assert (await hugo.sign_in("hugo")).status == 200
    own = await admin.post("/users/the-admin/enabled", {"enabled": "no"})
    assert "Nobody does this to themselves" in own.text


async def test_somebody_is_signed_out_everywhere(office: Office) -> None:
    admin, ines = await office.as_role("admin"), await office.person("ines", "viewer")
    assert "Python" in (await admin.get("/users/ines")).text, "the browser's name is shown"
    assert "Sessions ended: 1" in (await admin.post("/users/ines/sign-out")).text
    assert "/sign-in" in (await ines.get("/profile")).url


async def test_who_is_not_there_is_a_page_that_says_so(office: Office) -> None:
    admin = await office.as_role("admin")
    for path in ("/users/nobody", "/users/%3Cscript%3E"):
        assert (await admin.get(path)).status == 404
    for path in ("enabled", "enable", "invitation", "sign-out"):
        assert (await admin.post(f"/users/nobody/{path}")).status == 404


async def test_many_people_have_pages(office: Office) -> None:
    admin = await office.as_role("admin")
    for n in range(60):
        await add_user(office.hub, ADMINISTRATOR, {"name": f"crowd-{n}", "role": "viewer"})
    names, path = list[str](), "/users"
    while path:
        seen = await admin.get(path)
        names += re.findall(r'class="open" href="/users/([^"]+)"', seen.html)
        path = next((link for link in re.findall(r'rel="next" href="([^"]+)"', seen.html)), "").replace("&amp;", "&")
    everybody = [each.name for each in await list_users(office.hub, 500, 0)]
    assert names == everybody


# ---- tokens


async def test_a_token_is_shown_once_and_opens_until_it_is_revoked(office: Office) -> None:
    admin = await office.as_role("admin")
    made = await admin.post("/tokens", {"name": CANARY, "scopes": "event.read, delivery.read", "expires": "90d"})
    token = secret(made)
    assert CANARY not in made.html and made.headers["cache-control"] == "no-store"
    principal = await authenticate(office.hub, token)
    assert principal is not None and principal.permissions == {"event.read", "delivery.read"}
    listed = await admin.get("/tokens")
    assert token not in listed.html and token[:10] in listed.text
    row = (await list_tokens(office.hub, 500, 0))[-1]
    # Whoever takes somebody's access away sees what they leave behind.
    revoke, maker = f"/tokens/{row.id}/revoke", await admin.get("/users/the-admin")
    assert revoke in maker.forms() and CANARY not in maker.html and token not in maker.html
    assert f"Token {row.id} opens nothing" in (await admin.post(f"/tokens/{row.id}/revoke")).text
    assert await authenticate(office.hub, token) is None
    assert "ended already" in (await admin.post(f"/tokens/{row.id}/revoke")).text
    assert revoke not in (await admin.get("/users/the-admin")).forms()


async def test_senseless_tokens_are_refused_at_their_field(office: Office) -> None:
    admin = await office.as_role("admin")
    before = len(await list_tokens(office.hub, 500, 0))
    for fields, at in (
        ({"name": "", "role": "viewer", "expires": ""}, "name"),
        ({"name": "x" * 101, "role": "viewer", "expires": ""}, "name"),
        ({"name": "x", "expires": ""}, "scopes"),
        ({"name": "x", "role": "viewer", "scopes": "event.read", "expires": ""}, "scopes"),
        ({"name": "x", "scopes": "event.reed", "expires": ""}, "scopes"),
        ({"name": "x", "role": "emperor", "expires": ""}, "role"),
        ({"name": "x", "role": "viewer", "expires": "9999w"}, "expires"),
    ):
        seen = await admin.post("/tokens", fields)
        assert seen.status == 422 and f'id="{at}-fault"' in seen.html, fields
    assert len(await list_tokens(office.hub, 500, 0)) == before


# ---- audit


async def test_the_log_is_filtered_and_shows_before_and_after(office: Office) -> None:
    admin = await office.as_role("admin")
    await admin.post("/users", {"name": "juan", "role": "viewer", "email": "juan@example.com"})
    await admin.post("/users/juan", {"role": "operator", "email": "juan@example.com"})
    seen = await admin.get("/audit?subject=user/juan&action=user.changed")
    assert "<del>viewer</del> → <ins>operator</ins>" in seen.html
    assert seen.html.count("data-row>") == 1 and "user:the-admin" in seen.text
    assert (await admin.get("/audit?subject=user/&actor=user:the-admin&since=1h")).html.count("data-row>") >= 2
    for query in ("subject=user/jua", "actor=nobody", "until=1h", "since=2999-01-01"):
        assert "Nothing matches" in (await admin.get(f"/audit?{query}")).text, query
    bad = await admin.get("/audit?since=yesterday")
    assert bad.status == 422 and 'id="since-fault"' in bad.html


async def test_the_log_goes_back_page_by_page_without_gaps(office: Office) -> None:
    admin = await office.as_role("admin")
    for n in range(60):
        await add_user(office.hub, ADMINISTRATOR, {"name": f"paged-{n}", "role": "viewer"})
    numbers, path = list[int](), "/audit?action=user.added"
    while path:
        seen = await admin.get(path)
        numbers += [int(each) for each in re.findall(r'data-label="Number">(\d+)<', seen.html)]
        path = next((link for link in re.findall(r'rel="next" href="([^"]+)"', seen.html)), "").replace("&amp;", "&")
    assert len(numbers) > 100 and numbers == sorted(set(numbers), reverse=True)


async def test_what_others_wrote_is_harmless_on_every_page(office: Office) -> None:
    admin, stranger = await office.as_role("admin"), await office.stranger()
    await office.person("kai", "viewer")
    await stranger.get("/sign-in", **{"user-agent": CANARY})
    await stranger.post("/sign-in", {"name": "kai", "password": PASSWORD}, **{"user-agent": CANARY})
    for path in ("/users/kai", "/profile", "/audit?action=session.opened", f"/audit?actor={CANARY}", "/tokens"):
        seen = await admin.get(path)
        assert seen.status == 200 and "<img src=x" not in seen.html, path
    assert CANARY in (await admin.get("/users/kai")).text


async def test_places_that_somebody_may_not_go_to_are_not_offered(office: Office) -> None:
    viewer = await office.as_role("viewer")
    page = await viewer.get("/")
    assert "/webhooks" in page.links() and "/users" not in page.links() and "/tokens" not in page.links()
