"""files.*: the external upload in three steps, and what is known of a file.

https://docs.slack.dev/messaging/working-with-files#uploading_files
"""

from __future__ import annotations

import mimetypes
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from centralita.sandbox.slack import chat
from centralita.sandbox.slack.arguments import Arguments
from centralita.sandbox.slack.caller import Answer, Caller
from centralita.sandbox.slack.refusal import Refusal
from centralita.sandbox.slack.workspace import Message, Workspace

LARGEST = 16 * 1024 * 1024


@dataclass
class File:
    """A file, or the promise of one."""

    id: str
    name: str
    size: int
    user: str
    created_s: int
    key: str
    content: bytes | None = None
    title: str = ""
    complete: bool = False
    shares: dict[str, list[str]] = field(default_factory=dict)
    """Channel to the messages that show it."""


def get_upload_url(call: Caller) -> Answer:
    """files.getUploadURLExternal."""
    call.args.require("filename", "length")
    length = call.args.text("length")
    if not length.isdigit() or not 0 < int(length) <= LARGEST:
        raise Refusal("file_upload_size_restricted")
    file_id, key = call.workspace.new_id("F"), secrets.token_urlsafe(16)
    name = call.args.text("filename")
    call.workspace.files[file_id] = File(file_id, name, int(length), call.bot.user_id, int(time.time()), key)
    return {"ok": True, "upload_url": f"{call.base_url}/upload/v1/{file_id}/{key}", "file_id": file_id}


def take_content(space: Workspace, file_id: str, key: str, content: bytes) -> web.Response:
    """POST ``/upload/v1/{id}/{key}``: the bytes, raw or as the one part of a form."""
    found = space.files.get(file_id)
    if found is None or not secrets.compare_digest(found.key, key) or found.complete:
        return web.Response(status=404, text="no such upload")
    if len(content) != found.size:
        return web.Response(status=400, text=f"{found.size} bytes were announced, {len(content)} came")
    found.content = content
    return web.Response(text=f"OK - {len(content)}")


def complete_upload(call: Caller) -> Answer:
    """files.completeUploadExternal: makes the files known, and shares them where it says."""
    wanted = call.args.structured("files", "invalid_arguments")
    if not isinstance(wanted, list) or not wanted or not all(isinstance(one, dict) for one in wanted):
        raise Refusal("invalid_arguments")
    found = []
    for one in wanted:
        file = call.workspace.files.get(str(one.get("id", "")))
        if file is None or file.user != call.bot.user_id or file.content is None:
            raise Refusal("file_not_found")
        file.title = str(one.get("title") or file.name)
        found.append(file)
    channels = [one.strip() for one in call.args.text("channels").split(",") if one.strip()]
    for channel in dict.fromkeys([*filter(None, [call.args.text("channel_id")]), *channels]):
        _share(call, channel, found)
    for file in found:
        file.complete = True
    return {"ok": True, "files": [describe(call.base_url, file) for file in found]}


def _share(call: Caller, channel: str, files: list[File]) -> None:
    conversation = chat.find_target(call, channel)
    if call.bot.user_id not in conversation.members:
        raise Refusal("not_in_channel")
    content: dict[str, Any] = {"text": call.args.text("initial_comment"), "files": []}
    if not content["text"]:
        content |= chat.read_content(Caller(call.workspace, call.bot, _blocks_of(call), ""), chat.POST_TEXT)
    message: Message = chat.new_message(call, conversation, content) | {"upload": True}
    for file in files:
        file.shares.setdefault(conversation.id, []).append(message["ts"])
    message["files"] = [describe(call.base_url, file) for file in files]
    parent = conversation.thread(call.args.text("thread_ts")) if call.args.text("thread_ts") else []
    if call.args.text("thread_ts") and not parent:
        raise Refusal("invalid_thread_ts")
    if parent:
        message |= {"thread_ts": parent[0]["ts"], "parent_user_id": parent[0].get("user", "")}
    call.workspace.add_message(conversation, message)


def _blocks_of(call: Caller) -> Arguments:
    blocks = call.args.values.get("blocks")
    return Arguments({} if blocks is None else {"blocks": blocks})


def info(call: Caller) -> Answer:
    """files.info."""
    call.args.require("file")
    found = call.workspace.files.get(call.args.text("file"))
    if found is None or not found.complete:
        raise Refusal("file_not_found")
    return {"ok": True, "file": describe(call.base_url, found), "comments": [], "response_metadata": {}}


def describe(base_url: str, file: File) -> dict[str, Any]:
    """A file as Slack describes it."""
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    suffix = file.name.rpartition(".")[2].lower()
    address = f"{base_url}/files-pri/{file.id}/{file.name}"
    shares = {channel: [{"ts": ts} for ts in stamps] for channel, stamps in file.shares.items()}
    return {
        "id": file.id,
        "created": file.created_s,
        "timestamp": file.created_s,
        "name": file.name,
        "title": file.title,
        "mimetype": kind,
        "filetype": suffix,
        "pretty_type": suffix.upper(),
        "user": file.user,
        "mode": "hosted",
        "size": file.size,
        "is_external": False,
        "is_public": True,
        "url_private": address,
        "url_private_download": address,
        "permalink": address,
        "channels": list(file.shares),
        "shares": {"public": shares},
    }
