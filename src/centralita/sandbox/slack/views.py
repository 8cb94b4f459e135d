"""views.*: modals, stacked at most three deep, and home tabs (https://docs.slack.dev/reference/views)."""

from __future__ import annotations

import itertools
import secrets
from dataclasses import dataclass, field
from typing import Any

from centralita.sandbox.slack.caller import Answer, Caller
from centralita.sandbox.slack.refusal import Refusal, refuse_arguments
from centralita.sandbox.slack.validation import find_faults
from centralita.sandbox.slack.workspace import Change, Workspace

STACK = 3
BLOCKS_PER_VIEW = 100
TITLE = 24
PRIVATE_METADATA = 3000
CALLBACK_ID = 255
_KEPT = (
    *("type", "title", "submit", "close", "blocks", "private_metadata", "callback_id"),
    *("clear_on_close", "notify_on_close", "submit_disabled", "external_id"),
)
_block_numbers = itertools.count(1)


@dataclass(eq=False)
class View:
    """A modal that somebody sees, or a home tab."""

    id: str
    app: str
    user: str
    content: dict[str, Any]
    root: str
    previous: str = ""
    hash: str = ""
    state: dict[str, dict[str, Any]] = field(default_factory=dict)
    """block_id to action_id to what was entered."""

    def change(self, content: dict[str, Any]) -> None:
        """Shows something else; what was entered in fields that stay is kept."""
        self.content = content
        self.hash = f"{secrets.token_hex(5)}"
        names = {block.get("block_id") for block in content["blocks"]}
        self.state = {name: entered for name, entered in self.state.items() if name in names}


class Views:
    """What everybody has open."""

    def __init__(self) -> None:
        self.modals: dict[str, list[View]] = {}
        """By user, the topmost last."""
        self.homes: dict[tuple[str, str], View] = {}
        """By app and user."""

    def find(self, view_id: str) -> View | None:
        """An open modal or a home tab by its id."""
        every = itertools.chain(*self.modals.values(), self.homes.values())
        return next((one for one in every if one.id == view_id), None)

    def find_external(self, app: str, external_id: str) -> View | None:
        """An open one by the app's own name for it."""
        every = itertools.chain(*self.modals.values(), self.homes.values())
        return next((one for one in every if one.app == app and one.content.get("external_id") == external_id), None)


def open_view(call: Caller) -> Answer:
    """views.open."""
    return _placed(call, push=False)


def push(call: Caller) -> Answer:
    """views.push."""
    return _placed(call, push=True)


def _placed(call: Caller, *, push: bool) -> Answer:
    call.args.require("trigger_id", "view")
    content = read_view(call.args.structured("view", "invalid_arguments"), ("modal",))
    space = call.workspace
    _check_external(space.views, call.bot.app_id, content, None)
    user = space.grants.take_trigger(call.args.text("trigger_id"), call.bot.app_id)
    stack = space.views.modals.get(user, [])
    if push and len(stack) >= STACK:
        raise Refusal("push_limit_reached")
    made = add_modal(space, call.bot.app_id, user, content, on=stack[-1] if push and stack else None)
    return {"ok": True, "view": show(space, made)}


def add_modal(space: Workspace, app: str, user: str, content: dict[str, Any], on: View | None) -> View:
    """Shows a modal, on another of the same person or alone."""
    view_id = space.new_id("V")
    made = View(view_id, app, user, content, on.root if on else view_id, on.id if on else "", secrets.token_hex(5))
    if on is None:
        space.views.modals[user] = [made]
    else:
        space.views.modals[user].append(made)
    space.tell(Change("views", only_for=user))
    return made


def update(call: Caller) -> Answer:
    """views.update."""
    call.args.require("view")
    content = read_view(call.args.structured("view", "invalid_arguments"), ("modal", "home"))
    views = call.workspace.views
    if not (call.args.text("view_id") or call.args.text("external_id")):
        raise refuse_arguments(["one of view_id and external_id is required"])
    found = (
        views.find(call.args.text("view_id"))
        if call.args.text("view_id")
        else views.find_external(call.bot.app_id, call.args.text("external_id"))
    )
    if found is None or found.app != call.bot.app_id:
        raise Refusal("not_found")
    _check_hash(call, found)
    if content["type"] != found.content["type"]:
        raise refuse_arguments(["the type of a view cannot change"])
    _check_external(views, call.bot.app_id, content, found)
    found.change(content)
    call.workspace.tell(Change("views", only_for=found.user))
    return {"ok": True, "view": show(call.workspace, found)}


def publish(call: Caller) -> Answer:
    """views.publish: a person's home tab."""
    call.args.require("user_id", "view")
    content = read_view(call.args.structured("view", "invalid_arguments"), ("home",))
    space, user = call.workspace, call.args.text("user_id")
    if user not in space.users:
        raise refuse_arguments(["invalid `user_id`"])
    app = space.apps.get(call.bot.app_id)
    if app is None or not app.home:
        raise Refusal("not_enabled")
    found = space.views.homes.get((call.bot.app_id, user))
    if found is not None:
        _check_hash(call, found)
        found.change(content)
    else:
        view_id = space.new_id("V")
        found = View(view_id, call.bot.app_id, user, content, view_id, hash=secrets.token_hex(5))
        space.views.homes[call.bot.app_id, user] = found
    space.tell(Change("views", only_for=user))
    return {"ok": True, "view": show(space, found)}


def close(space: Workspace, user: str, *, everything: bool) -> list[View]:
    """Closes a person's topmost modal, or all of them; those that are gone."""
    stack = space.views.modals.get(user, [])
    gone = stack[:] if everything else stack[-1:]
    space.views.modals[user] = stack[: len(stack) - len(gone)]
    space.tell(Change("views", only_for=user))
    return gone


def _check_hash(call: Caller, view: View) -> None:
    if call.args.text("hash") not in ("", view.hash):
        raise Refusal("hash_conflict")


def _check_external(views: Views, app: str, content: dict[str, Any], mine: View | None) -> None:
    name = content.get("external_id")
    other = views.find_external(app, name) if name else None
    if other is not None and other is not mine:
        raise Refusal("duplicate_external_id")


def read_view(view: Any, kinds: tuple[str, ...]) -> dict[str, Any]:
    """A view that an app sent, checked, its blocks named. Raises Refusal."""
    if not isinstance(view, dict):
        raise refuse_arguments(["view must be an object [json-pointer:/view]"])
    faults = [
        *_head_faults(view, kinds),
        *find_faults(view.get("blocks"), "/view/blocks", BLOCKS_PER_VIEW, in_view=True),
    ]
    if faults:
        raise refuse_arguments(faults)
    kept = {name: view[name] for name in _KEPT if view.get(name) is not None}
    blocks = [{**block, "block_id": block.get("block_id") or f"v{next(_block_numbers):x}"} for block in view["blocks"]]
    return {**kept, "blocks": blocks}


def _head_faults(view: dict[str, Any], kinds: tuple[str, ...]) -> list[str]:
    faults = []
    if view.get("type") not in kinds:
        faults.append(f"must be one of: {', '.join(kinds)} [json-pointer:/view/type]")
    needed = {"title": view.get("type") == "modal", "submit": _has_input(view), "close": False}
    for name, required in needed.items():
        text = view.get(name)
        if text is None:
            if required and view.get("type") == "modal":
                faults.append(f"missing required field: {name} [json-pointer:/view]")
        elif not isinstance(text, dict) or text.get("type") != "plain_text" or not text.get("text"):
            faults.append(f"must be a plain_text object [json-pointer:/view/{name}]")
        elif len(str(text["text"])) > TITLE:
            faults.append(f"must be less than {TITLE + 1} characters [json-pointer:/view/{name}/text]")
    for name, most in (("private_metadata", PRIVATE_METADATA), ("callback_id", CALLBACK_ID), ("external_id", 255)):
        if len(str(view.get(name) or "")) > most:
            faults.append(f"must be less than {most + 1} characters [json-pointer:/view/{name}]")
    return faults


def _has_input(view: dict[str, Any]) -> bool:
    blocks = view.get("blocks")
    return isinstance(blocks, list) and any(isinstance(one, dict) and one.get("type") == "input" for one in blocks)


def show(space: Workspace, view: View) -> dict[str, Any]:
    """A view as the API and the payloads give it."""
    bot = next((one for one in space.bots.values() if one.app_id == view.app), None)
    return {
        "id": view.id,
        "team_id": space.team_id,
        "private_metadata": "",
        "callback_id": "",
        "external_id": "",
        "clear_on_close": False,
        "notify_on_close": False,
        "close": None,
        "submit": None,
        **view.content,
        "state": {"values": view.state},
        "hash": view.hash,
        "previous_view_id": view.previous or None,
        "root_view_id": view.root,
        "app_id": view.app,
        "app_installed_team_id": space.team_id,
        "bot_id": bot.id if bot else "",
    }
