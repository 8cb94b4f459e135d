"""The app's manifest: held to the local workspace, which takes it as Slack does, and to what was asked for so far."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from centralita import cli
from centralita.chatops.offer import offered_commands, offered_shortcuts
from centralita.chatops.registry import HANDLERS, commands
from centralita.i18n import gettext
from centralita.integrations.slack.manifest import COMMANDS, SHORTCUTS, make_manifest
from centralita.integrations.slack.scopes import BOT_EVENTS, BOT_SCOPES, granted, missing
from centralita.sandbox.control import SlackControl
from centralita.sandbox.server import serve
from centralita.sandbox.slack import LimitSettings, LocalSlack

FORMER_BOT = (
    "channels:history channels:read chat:write chat:write.public commands files:write im:history im:write users:read "
    "users:read.email"
).split()
FORMER_USER = ["channels:history", "channels:read", "chat:write", "files:read"]


@pytest.fixture
async def workspace() -> AsyncIterator[SlackControl]:
    async with serve(LocalSlack(LimitSettings.off())) as address, SlackControl(address.url) as control:
        yield control


async def test_the_workspace_takes_it_and_offers_what_it_says(workspace: SlackControl) -> None:
    app = await workspace.install(make_manifest("es", command="/nopesight"))
    assert {one["name"] for one in app["commands"]} == {"/nopesight", "/cmdb", "/incident", "/ticket", "/approve"}
    usage = {one["name"]: one["usage_hint"] for one in app["commands"]}
    assert usage["/nopesight"] == "[status|search|report|help]"
    assert {(one["kind"], one["callback_id"]) for one in app["shortcuts"]} == {
        (one.kind, one.callback_id) for one in SHORTCUTS
    }
    assert app["home"] is True


def test_it_asks_for_what_installations_had_so_far_and_more() -> None:
    scopes = make_manifest("en")["oauth_config"]["scopes"]
    assert set(FORMER_BOT) < set(scopes["bot"])
    assert scopes["user"] == FORMER_USER
    assert {one.name for one in missing(FORMER_BOT)} >= {"usergroups:read", "app_mentions:read", "reactions:write"}
    assert missing(granted(",".join(one.name for one in BOT_SCOPES))) == ()


def test_every_event_has_the_scope_that_it_needs() -> None:
    names = {one.name for one in BOT_SCOPES}
    assert {one.scope for one in BOT_EVENTS if one.scope} <= names


def test_every_event_has_somebody_who_answers_to_it_and_no_other() -> None:
    """Slack tells of what nobody acknowledges again and again."""
    handled = {handler.name for handler in HANDLERS if handler.kind == "event"}
    assert {one.name.partition(".")[0] for one in BOT_EVENTS} == handled


@pytest.mark.parametrize("locale", ["es", "en"])
def test_it_keeps_slacks_lengths_in_either_language(locale: str) -> None:
    made = make_manifest(locale)
    assert len(made["display_information"]["description"]) <= 140
    assert all(len(one["name"]) <= 24 for one in made["features"]["shortcuts"])
    assert all(len(one["description"]) <= 150 for one in made["features"]["shortcuts"])
    said = {one["description"] for one in made["features"]["slash_commands"]}
    assert said == {gettext(one.description, locale) for one in COMMANDS}


def test_http_mode_names_the_hubs_address_everywhere() -> None:
    made = make_manifest("en", socket_mode=False, public_url="https://desk.example.com/")
    events = "https://desk.example.com/slack/events"
    assert made["settings"]["event_subscriptions"]["request_url"] == events
    assert made["settings"]["interactivity"]["request_url"] == events
    assert {one["url"] for one in made["features"]["slash_commands"]} == {events}
    assert made["oauth_config"]["redirect_urls"] == ["https://desk.example.com/slack/oauth_redirect"]
    assert made["settings"]["socket_mode_enabled"] is False


def offered(locale: str, command: str) -> dict[str, Any]:
    return make_manifest(locale, command=command, commands=offered_commands(), shortcuts=offered_shortcuts())


async def test_what_the_app_answers_to_is_what_the_manifest_offers(workspace: SlackControl) -> None:
    app = await workspace.install(offered("es", "/nopesight"))
    assert {one["name"] for one in app["commands"]} == {
        "/nopesight" if name == "/centralita" else name for name in commands()
    }
    assert "help" in next(one["usage_hint"] for one in app["commands"] if one["name"] == "/nopesight")
    shortcuts = {handler.name for handler in HANDLERS if handler.kind in ("shortcut", "message_shortcut")}
    assert {one["callback_id"] for one in app["shortcuts"]} == shortcuts
    assert all(0 < len(one["name"]) <= 24 for one in app["shortcuts"])


def run(directory: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    file = directory / "centralita.yaml"
    file.write_text("locale: es\nslack: {command: /nopesight}\n")
    capsys.readouterr()
    code = cli.run(["--config", str(file), "slack", "manifest", *words])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_the_command_prints_yaml_with_reasons(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _err = run(tmp_path, capsys)
    assert code == 0
    assert yaml.safe_load(out) == offered("es", "/nopesight")
    scopes = out[out.index("    bot:\n") : out.index("settings:")]
    assert all(f"- {one.name}  # " in scopes for one in BOT_SCOPES)


def test_the_command_prints_json_in_the_language_that_was_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _err = run(tmp_path, capsys, "--json", "--locale", "en", "--command", "/desk")
    assert code == 0
    assert yaml.safe_load(out) == offered("en", "/desk")


@pytest.mark.parametrize("words", [["--http"], ["--locale", "fr"], ["--command", "nopesight"], ["--json", "--yaml"]])
def test_what_makes_no_sense_is_wrong_usage(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(tmp_path, capsys, *words)
    assert (code, out) == (2, "") and err
