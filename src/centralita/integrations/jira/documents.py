"""Rich text as Jira sends it: plain text or wiki markup as it is, an Atlassian document as plain text.

Source: https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
"""

from __future__ import annotations

from collections.abc import Iterator

from centralita.core.payload import TEXT_LIMIT, tame_text, text

_BLOCKS = frozenset(
    "paragraph heading blockquote codeBlock panel rule listItem taskItem decisionItem tableRow expand".split()
)
_SAID = ("text", "shortName", "url")
"""Of an inline node: a mention's or emoji's text, a card's address."""


def plain(value: object) -> str:
    """``value`` as plain text; "" for what is neither text nor a document."""
    if not isinstance(value, dict):
        return tame_text(value)
    pieces, length = [], 0
    for piece in _pieces(value):
        pieces.append(piece)
        length += len(piece)
        if length > TEXT_LIMIT:
            break
    lines = (line.strip() for line in "".join(pieces).split("\n"))
    return "\n".join(line for line in lines if line)[:TEXT_LIMIT]


def _pieces(node: object) -> Iterator[str]:
    """The text of a node and of those below it, each block on a line of its own. Depth is bounded by the payload's."""
    if not isinstance(node, dict):
        return
    kind, said = node.get("type"), node.get("text")
    if isinstance(said, str):
        yield said
    elif kind == "hardBreak":
        yield "\n"
    elif isinstance(node.get("attrs"), dict) and "content" not in node:
        yield next((found for name in _SAID if (found := text(node, f"attrs.{name}"))), "")
    is_block = isinstance(kind, str) and kind in _BLOCKS
    if kind in ("listItem", "taskItem"):
        yield "\n• "
    content = node.get("content")
    for place, child in enumerate(content if isinstance(content, list) else ()):
        if place and kind == "tableRow":
            yield "| "
        inner = _pieces(child)
        # A list's item begins on the line of its bullet, a cell's text on the line of its row.
        yield from (piece.replace("\n", " ") for piece in inner) if kind in ("tableCell", "tableHeader") else inner
    if is_block:
        yield "\n"
