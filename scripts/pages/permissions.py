"""The reference of the permissions: which role has which, and what needs each."""

from __future__ import annotations

from centralita.core.access import ACTIONS, COMMANDS, PERMISSIONS, ROLES
from pages.commands import is_group, permission_of, tree, walk
from pages.http import operations
from pages.markdown import GENERATED, code, codes, page, table


def permissions_page() -> str:
    """The table, and the words of the ``permissions`` block."""
    users = _users()
    rows = [
        (code(name), *("●" if role in roles else "" for role in ROLES), "<br>".join(users.get(name, ())))
        for name, roles in PERMISSIONS.items()
    ]
    words = [(code(word), kind, codes(sorted(stands_for))) for kind, word, stands_for in _words()]
    return page(
        "# Permissions",
        "",
        GENERATED["en"],
        "",
        "What is not in this table nobody may do. A token has scopes: permissions by name, `event.*`, or `*`.",
        "[Tokens, users, roles](../access.md) shows how they are given.",
        "",
        *table(("Permission", *ROLES, "Needed by"), rows),
        "## Words of a role",
        "",
        "The lists `commands` and `actions` of `permissions.roles` take these words, a permission's name, `event.*`",
        "or `*`. `*` in one list means every word of that list; in both, every permission.",
        "",
        *table(("Word", "In", "Stands for"), words),
    )


def _words() -> list[tuple[str, str, frozenset[str]]]:
    return [(kind, word, names) for kind, known in (("commands", COMMANDS), ("actions", ACTIONS))
            for word, names in known.items()]  # fmt: skip


def _users() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for operation in operations():
        found.setdefault(operation.permission, []).append(code(operation.request))
    for path, command in walk(tree()):
        if not is_group(command) and permission_of(command):
            found.setdefault(permission_of(command), []).append(f"`centralita {' '.join(path)}`")
    return found
