"""Templates that operators write: Liquid (https://shopify.github.io/liquid/), ``{{ ticket.title }}``, with limits.

Each value is escaped where it is put in, by the template's target, whatever filters it went through; nothing switches
that off. Only tags and filters of a list are there: none that loads a file, reads the clock, or makes text so large
that rendering it hurts.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Literal

import msgspec

if TYPE_CHECKING:
    from liquid import BoundTemplate, Environment

Target = Literal["slack", "html", "json", "text"]
"""``slack``: mrkdwn; ``html``: text and quoted attributes; ``json``: inside a quoted string; ``text``: as it is."""

MAX_TEMPLATE = 65_536
"""Characters."""
MAX_OUTPUT = 262_144
"""Bytes."""
MAX_LOOPS = 10_000
MAX_VARIABLES = 262_144
"""Bytes of assigned variables, as ``sys.getsizeof`` counts them."""

TAGS = frozenset(
    "# assign break case comment content continue cycle doc echo for if illegal liquid output unless".split()
)
FILTERS = frozenset(
    """abs append at_least at_most capitalize ceil compact concat date default divided_by downcase first floor join
    last lstrip map minus modulo plus prepend remove remove_first remove_last replace replace_first replace_last
    reverse round rstrip size slice sort sort_natural split squish strip strip_newlines sum times truncate
    truncatewords uniq upcase url_encode where""".split()
)
_DATE_FORMAT = re.compile(r"(?:[^%]|%-?[a-zA-Z%]){0,100}")


class TemplateError(ValueError):
    """A template that cannot be compiled or rendered.

    ``message_id``: ``template.syntax``, ``template.limit``, ``template.too_long`` or ``template.failed``; ``line``
    counts from 1, 0 when unknown; ``detail`` names the construct, never a value.
    """

    def __init__(self, message_id: str, line: int = 0, detail: str = "") -> None:
        super().__init__(f"{message_id} (line {line}): {detail}" if line else f"{message_id}: {detail}")
        self.message_id = message_id
        self.line = line
        self.detail = detail


def check(template: str, target: Target) -> None:
    """Raises TemplateError when ``template`` cannot be compiled: bad syntax, an unknown tag or filter, too long."""
    _compiled(template, target)


def render(template: str, context: Mapping[str, Any], target: Target) -> str:
    """``template`` filled in from ``context`` (plain JSON values). What is missing is empty. Raises TemplateError."""
    compiled = _compiled(template, target)
    try:
        # ``now`` and ``today`` would read the clock.
        return compiled.render({"now": None, "today": None, **context})
    except Exception as error:  # Filters raise whatever Python raises on values of the wrong type.
        raise _told(error, template, "template.failed") from None


@lru_cache(maxsize=2_048)
def _compiled(template: str, target: Target) -> BoundTemplate:
    if len(template) > MAX_TEMPLATE:
        raise TemplateError("template.too_long", detail=str(MAX_TEMPLATE))
    try:
        compiled = _environment(target).from_string(template)
        unknown = sorted(set(compiled.analyze().filters) - FILTERS)
    except Exception as error:
        raise _told(error, template, "template.syntax") from None
    if unknown:
        raise TemplateError("template.syntax", _line_of(template, unknown[0]), f"unknown filter '{unknown[0]}'")
    return compiled


def _told(error: Exception, template: str, message_id: str) -> TemplateError:
    from liquid.exceptions import LiquidError, ResourceLimitError

    if isinstance(error, ResourceLimitError | RecursionError | MemoryError):
        message_id = "template.limit"
    if not isinstance(error, LiquidError):
        return TemplateError(message_id, detail=type(error).__name__)
    start = error.token.start_index if error.token is not None else -1
    line = template.count("\n", 0, start) + 1 if start >= 0 else 0
    # At render time the message may quote a value of the event.
    detail = str(error.message) if message_id == "template.syntax" else type(error).__name__
    return TemplateError(message_id, line, detail[:200])


def _line_of(template: str, name: str) -> int:
    found = re.search(rf"\|\s*{re.escape(name)}\b", template)
    return template.count("\n", 0, found.start()) + 1 if found else 0


@cache
def _environment(target: Target) -> Environment:
    # Imported when the first template is compiled: commands that render nothing start without it.
    from liquid import Environment
    from liquid.builtin.output import Output, OutputNode
    from liquid.builtin.tags.echo_tag import EchoTag

    class Limited(Environment):
        output_stream_limit = MAX_OUTPUT
        loop_iteration_limit = MAX_LOOPS
        local_namespace_limit = MAX_VARIABLES

    escape = _ESCAPES[target]

    class Escaped(OutputNode):
        def render_to_output(self, context: Any, buffer: Any) -> int:
            return int(buffer.write(escape(_written(self.expression.evaluate(context)))))

    environment = Limited()
    for output in (Output, EchoTag):
        environment.add_tag(type(output.__name__, (output,), {"node_class": Escaped}))
    environment.tags = {name: tag for name, tag in environment.tags.items() if name in TAGS}
    environment.filters = {name: apply for name, apply in environment.filters.items() if name in FILTERS}
    environment.filters |= {"date": _date, "join": _join, "replace": _replace}
    return environment


def _written(value: object) -> str:
    """A value as text: objects and lists of them as JSON, other lists joined, null and what is missing as nothing."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    if isinstance(value, dict) or (isinstance(value, list) and any(isinstance(item, dict | list) for item in value)):
        return msgspec.json.encode(value).decode()
    if isinstance(value, list):
        return "".join(_written(item) for item in value)
    if isinstance(value, range):
        return f"{value.start}..{value.stop - 1}"
    return str(value)


def escape_slack(value: str) -> str:
    """``value`` as literal text of Slack's mrkdwn: no link, mention or command comes of it.

    https://docs.slack.dev/messaging/formatting-message-text#escaping
    """
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_ESCAPES: dict[Target, Callable[[str], str]] = {
    "slack": escape_slack,
    "html": html.escape,
    "json": lambda value: json.dumps(value)[1:-1],
    "text": str,
}


# --- Filters that differ from Liquid's own: bounded, and without a clock.


def _replace(value: object, old: object, new: object = "") -> str:
    text, search, insert = _written(value), _written(old), _written(new)
    _bound(len(text) + (text.count(search)) * max(0, len(insert) - len(search)))
    return text.replace(search, insert)


def _join(value: object, separator: object = " ") -> str:
    parts = [_written(item) for item in value] if isinstance(value, list | tuple | range) else [_written(value)]
    between = _written(separator)
    _bound(sum(map(len, parts)) + len(parts) * len(between))
    return between.join(parts)


def _date(value: object, pattern: object = "%Y-%m-%d %H:%M") -> str:
    """RFC 3339 text or seconds since 1970 by a strftime pattern; anything else as it is."""
    wanted = _written(pattern)
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            moment = datetime.fromtimestamp(value, UTC)
        else:
            moment = datetime.fromisoformat(_written(value))
    except (ValueError, OverflowError, OSError):
        return _written(value)
    # strftime makes as many digits as a pattern's width says.
    return moment.strftime(wanted) if _DATE_FORMAT.fullmatch(wanted) else _written(value)


def _bound(length: int) -> None:
    from liquid.exceptions import OutputStreamLimitError

    if length > MAX_OUTPUT:
        raise OutputStreamLimitError("text too long", token=None)
