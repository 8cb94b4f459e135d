"""How a condition is written: its grammar, the tree that it gives, and errors that point at the column.

What the tree means is in ``conditions``.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from centralita.core.events import Event

if TYPE_CHECKING:
    from lark import Lark, Token, Tree
    from lark.exceptions import UnexpectedInput

MAX_LENGTH = 4_096
"""Bytes of UTF-8."""
MAX_DEPTH = 64

GRAMMAR = r"""
    ?start: any
    ?any: all (OR all)*
    ?all: one (AND one)*
    ?one: NOT one              -> negated
        | "(" any ")"          -> group
        | operand OPERATOR operand -> compare
        | path EXISTS          -> exists
    ?operand: path | constant
    path: PATH
    constant: STRING | NUMBER | WORD | list
    list: OPENING [constant ("," constant)*] CLOSING

    OR: /or(?![\w.-])/i
    AND: /and(?![\w.-])/i
    NOT: /not(?![\w.-])/i
    EXISTS: /exists(?![\w.-])/i
    OPERATOR: /==|!=|<=|>=|<|>|(in|contains|startswith|endswith|matches)(?![\w.-])/i
    WORD: /(true|false|null)(?![\w.-])/i
    PATH: /(?!(and|or|not|true|false|null)(?![\w.-]))[^\W\d][\w-]*(\.[\w-]+)*/i
    NUMBER: /-?(0|[1-9][0-9]*)(\.[0-9]+)?(e[+-]?[0-9]+)?(?![\w.])/i
    OPENING: "["
    CLOSING: "]"
    STRING: /'([^'\\]|\\.)*'|"([^"\\]|\\.)*"/s

    %ignore /\s+/
"""

_SLIPS = tuple(
    (re.compile(pattern, re.IGNORECASE), instead)
    for pattern, instead in (
        (r"===", "=="),
        (r"!==|<>|\bis\s+not\b", "!="),
        (r"=>", ">="),
        (r"=<", "<="),
        (r"=~|~=?", "matches"),
        (r"(?<![=!<>])=(?!=)|\bis\b|\bequals?\b|\beq\b", "=="),
        (r"&&?|\by\b", "AND"),
        (r"\|\|?|\bo\b", "OR"),
        (r"\bnot\s+in\b", "NOT x in [...]"),
        (r"!(?!=)", "NOT"),
        (r"\blike\b|\bincludes\b", "contains"),
        (r"\bstarts[_ ]with\b", "startswith"),
        (r"\bends[_ ]with\b", "endswith"),
        (r"[“”‘’«»`´]", "'"),
    )
)
EVENT_ATTRIBUTES = frozenset(Event.__struct_fields__) - {"data"}
_WORDS = {"true": True, "false": False, "null": None}


class ConditionError(ValueError):
    """A condition that cannot be compiled: a message id with arguments, and where (line and column count from 1)."""

    def __init__(self, message_id: str, arguments: dict[str, Any], line: int, column: int, text: str = "") -> None:
        super().__init__(f"{line}:{column}: {message_id}")
        self.message_id = message_id
        self.arguments = arguments
        self.line = line
        self.column = column
        self.text = text

    def point(self) -> str:
        """The line at fault and below it a caret under the column."""
        written = self.text.split("\n")[self.line - 1] if self.text else ""
        indent = "".join("\t" if character == "\t" else " " for character in written[: self.column - 1])
        return f"{written}\n{indent:<{self.column - 1}}^"


class Path(msgspec.Struct, frozen=True):
    """``ticket.priority`` as written."""

    parts: tuple[str, ...]
    start: int


class Constant(msgspec.Struct, frozen=True):
    """Text, a number, a list of constants, true, false or null."""

    value: Any
    start: int


Operand = Path | Constant


class Compare(msgspec.Struct, frozen=True):
    """Two operands and a lower-case operator; ``text`` is the comparison as written, ``start`` its offset."""

    operator: str
    left: Operand
    right: Operand
    text: str
    start: int


class Exists(msgspec.Struct, frozen=True):
    """``path exists``."""

    path: Path
    text: str


class Negated(msgspec.Struct, frozen=True):
    """NOT."""

    part: Node


class All(msgspec.Struct, frozen=True):
    """AND of two or more."""

    parts: tuple[Node, ...]


class AnyOf(msgspec.Struct, frozen=True):
    """OR of two or more."""

    parts: tuple[Node, ...]


Node = Compare | Exists | Negated | All | AnyOf


def fault(text: str, offset: int, message_id: str, **arguments: Any) -> ConditionError:
    """The error at ``offset`` of ``text``."""
    before = text[:offset]
    return ConditionError(message_id, arguments, before.count("\n") + 1, offset - before.rfind("\n"), text)


def canonical(parts: tuple[str, ...]) -> str:
    """``severity``, ``data.ticket.id``: one spelling for each path, however it was written."""
    if len(parts) == 1 and (parts[0] in EVENT_ATTRIBUTES or parts[0] == "data"):
        return parts[0]
    return ".".join(parts if parts[0] == "data" else ("data", *parts))


def parse(text: str) -> Node | None:
    """The tree of a condition, None for the empty one. Raises ConditionError."""
    from lark.exceptions import UnexpectedInput

    if len(text.encode("utf-8", "replace")) > MAX_LENGTH:
        raise fault(text, 0, "condition.too_long", limit=MAX_LENGTH)
    if not text.strip():
        return None
    try:
        tree: Any = _parser().parse(text)
    except UnexpectedInput as error:
        raise _diagnosed(text, error) from None
    return _node(tree, text, 0)


@cache
def _parser() -> Lark:
    # Imported when the first condition is compiled: it takes longer than everything else that a command needs.
    from lark import Lark

    return Lark(GRAMMAR, parser="lalr", maybe_placeholders=False)


def _node(tree: Tree[Token], text: str, depth: int) -> Node:
    start, children = _start(tree), [child for child in tree.children if not isinstance(child, str)]
    if depth > MAX_DEPTH:
        raise fault(text, start, "condition.too_deep", limit=MAX_DEPTH)
    match tree.data:
        case "group":
            return _node(children[0], text, depth + 1)
        case "negated":
            return Negated(_node(children[0], text, depth + 1))
        case "compare":
            name = str(tree.children[1]).lower()
            left, right = _operand(children[0], text), _operand(children[1], text)
            return Compare(name, left, right, text[start : _end(tree)], start)
        case "exists":
            return Exists(_path(children[0]), text[start : _end(tree)])
    parts = tuple(_node(child, text, depth + 1) for child in children)
    return All(parts) if tree.data == "all" else AnyOf(parts)


def _start(tree: Tree[Token]) -> int:
    # From the tokens: letting lark propagate positions makes it half as fast again.
    first: Any = tree
    while hasattr(first, "children"):
        first = first.children[0]
    return int(first.start_pos)


def _end(tree: Tree[Token]) -> int:
    last: Any = tree
    while hasattr(last, "children"):
        last = last.children[-1]
    return int(last.end_pos)


def _operand(tree: Tree[Token], text: str) -> Operand:
    return _path(tree) if tree.data == "path" else Constant(_value(tree, text, 0), _start(tree))


def _path(tree: Tree[Token]) -> Path:
    return Path(tuple(str(tree.children[0]).split(".")), _start(tree))


def _value(tree: Tree[Token], text: str, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise fault(text, _start(tree), "condition.too_deep", limit=MAX_DEPTH)
    child = tree.children[0]
    if not isinstance(child, str):
        return [_value(item, text, depth + 1) for item in child.children if not isinstance(item, str)]
    written = str(child)
    match child.type:
        case "STRING":
            # Only quotes and the backslash are escaped, so that a pattern's \d needs no second backslash.
            return re.sub(r"\\([\\'\"])", r"\1", written[1:-1])
        case "WORD":
            return _WORDS[written.lower()]
    number = float(written) if set(written) & set(".eE") else int(written)
    if not (-(2**63) <= number < 2**63 if isinstance(number, int) else abs(number) < float("inf")):
        raise fault(text, _start(tree), "condition.number")
    return number


def _diagnosed(text: str, error: UnexpectedInput) -> ConditionError:
    token = getattr(error, "token", None)
    at_end = token is not None and token.type == "$END"
    offset = len(text.rstrip()) if at_end else error.pos_in_stream or 0
    for slip, instead in _SLIPS:
        for found in slip.finditer(text):
            if found.start() <= offset < found.end():
                return fault(text, found.start(), "condition.slip", found=found[0], instead=instead)
    if text[offset : offset + 1] in ("'", '"') and token is None:
        return fault(text, offset, "condition.unclosed_text")
    expected: set[str] = set(getattr(error, "accepts", None) or getattr(error, "allowed", None) or ())
    if token is not None and token.type == "PATH" and "STRING" in expected:
        return fault(text, offset, "condition.quote_word", word=str(token))
    if "OPERATOR" in expected:
        return fault(text, offset, "condition.needs_comparison")
    if at_end:
        return fault(text, offset, "condition.unclosed_bracket" if "RPAR" in expected else "condition.incomplete")
    found_text = re.match(r"\w+|\S", text[offset:])
    return fault(text, offset, "condition.unexpected", found=found_text[0] if found_text else "")
