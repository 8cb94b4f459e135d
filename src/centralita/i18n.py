"""Every text that a person reads: English msgids, translated by the catalogues in ``locale/<language>/LC_MESSAGES``.

At run time the ``.po`` files are read as they are, by a reader of our own: Babel's takes 150 ms to import, half of what
``centralita --help`` may take. A test holds both readers to the same result. The tools below it are Babel's:

``python -m centralita.i18n check``
    fails when a text of the sources has no Spanish, a fuzzy one or other placeholders, or a translation has no text.
``python -m centralita.i18n extract``
    adds new texts to the catalogues and takes unused ones out, keeping the translations.

In Python a text is ``_("Ticket #{id} closed", locale).format(id=...)``, ``_`` being ``gettext``; ``N_`` marks one that
a table holds for later. The meaning of an ``EventType`` and the help of a ``ConfigField`` are found without a mark.
"""

from __future__ import annotations

import ast
import gettext as stdlib_gettext
import io
import re
import string
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

Locale = Literal["es", "en"]
LOCALES: tuple[Locale, ...] = ("es", "en")
SOURCE_LOCALE: Locale = "en"

_SOURCES = Path(__file__).resolve().parent
_FOLDER = _SOURCES / "locale"
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}


def gettext(msgid: str, locale: str) -> str:
    """The text ``msgid`` in the language of ``locale`` (``es``, ``es-AR``...); the msgid itself if it has none."""
    translated = _spoken(locale).texts.get(msgid)
    return translated[0] if translated else msgid


def ngettext(singular: str, plural: str, n: int, locale: str) -> str:
    """The form of a counted text that ``n`` takes in the language of ``locale``."""
    catalogue = _spoken(locale)
    forms = catalogue.texts.get(singular)
    if forms is None or len(forms) == 1:
        return singular if n == 1 else plural
    return forms[min(catalogue.plural(n), len(forms) - 1)]


def N_(msgid: str) -> str:
    """Marks a text for translation where it stands, to be translated where it is shown."""
    return msgid


def best_locale(candidates: Iterable[str | None]) -> Locale:
    """The first of ``candidates`` (``es-AR``, ``es_419``, ``EN``, None...) whose language we speak, else English."""
    for candidate in candidates:
        language = re.split(r"[-_.@]", candidate or "", maxsplit=1)[0].lower()
        for locale in LOCALES:
            if language == locale:
                return locale
    return SOURCE_LOCALE


class _Catalogue:
    """The texts of one language: msgid to its forms (one, or as many as the language has plurals)."""

    def __init__(self, texts: Mapping[str, tuple[str, ...]], plural: Callable[[int], int]) -> None:
        self.texts = texts
        self.plural = plural


@lru_cache(maxsize=len(LOCALES))
def _catalogue(locale: Locale) -> _Catalogue:
    if locale == SOURCE_LOCALE:
        return _Catalogue({}, lambda n: int(n != 1))
    return read_catalogue(catalogue_path(locale).read_text(encoding="utf-8"))


@lru_cache(maxsize=64)
def _spoken(locale: str) -> _Catalogue:
    """The texts for whoever wants ``locale``; a page asks hundreds of times."""
    return _catalogue(best_locale((locale,)))


def catalogue_path(locale: str) -> Path:
    """The file that holds the texts of a language."""
    return _FOLDER / locale / "LC_MESSAGES" / "centralita.po"


def read_catalogue(text: str) -> _Catalogue:
    """Reads the text of a ``.po`` file (https://www.gnu.org/software/gettext/manual/html_node/PO-Files.html) as Babel
    writes it. Fuzzy and empty translations are left out, so that English shows instead."""
    texts: dict[str, tuple[str, ...]] = {}
    header = ""
    for fuzzy, fields in _entries(text):
        forms = tuple(value for key, value in fields.items() if key.startswith("msgstr"))
        if fields.get("msgid") == "":
            header = forms[0] if forms else ""
        elif forms and all(forms) and not fuzzy:
            texts[fields["msgid"]] = forms
    expression = re.search(r"plural=([^;\n]+)", header)
    return _Catalogue(texts, stdlib_gettext.c2py(expression[1]) if expression else lambda n: int(n != 1))


def _entries(text: str) -> Iterator[tuple[bool, dict[str, str]]]:
    for block in re.split(r"\n\s*\n", text):
        fuzzy, fields, key = False, dict[str, str](), ""
        for line in block.splitlines():
            if line.startswith("#"):
                fuzzy = fuzzy or (line.startswith("#,") and "fuzzy" in line)
                continue
            found = re.match(r'(msgid_plural|msgid|msgstr\[\d\]|msgstr)?\s*"(.*)"\s*$', line)
            if found is None:
                continue
            key = found[1] or key
            fields[key] = fields.get(key, "") + re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), found[2])
        if "msgid" in fields:
            yield fuzzy, fields


def extract_python(
    fileobj: IO[bytes], keywords: Mapping[str, Any], comment_tags: Sequence[str], options: Mapping[str, Any]
) -> Iterator[tuple[int, str | None, str | tuple[str, ...], list[str]]]:
    """Babel's extraction method for Python files: every literal text given to a function that marks one.

    Yields ``(line, function, msgid or (singular, plural), comments)``. ``keywords``, ``comment_tags`` and ``options``
    are part of Babel's protocol and are not needed, because the syntax tree says which argument is which.
    """
    for node in ast.walk(ast.parse(fileobj.read())):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        given = [*node.args[:2]]
        by_name = {keyword.arg: keyword.value for keyword in node.keywords}
        if name in ("_", "gettext", "N_") and (text := _literal(given[:1])):
            yield node.lineno, None, text[0], []
        elif name == "ngettext" and len(texts := _literal(given)) == 2:
            yield node.lineno, "ngettext", texts, []
        elif name == "EventType" and (text := _literal([*given[1:2], *_present(by_name.get("meaning"))])):
            yield node.lineno, None, text[0], []
        elif name == "ConfigField" and (text := _literal([*given[1:2], *_present(by_name.get("help"))])):
            yield node.lineno, None, text[0], []


def _present(node: ast.expr | None) -> list[ast.expr]:
    return [] if node is None else [node]


def _literal(nodes: Sequence[ast.expr]) -> tuple[str, ...]:
    return tuple(node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))


def extract_template(sources: Path = _SOURCES, mapping: Path | None = None) -> Catalog:
    """All texts of the sources, as a catalogue without translations."""
    from babel.messages import frontend
    from babel.messages.catalog import Catalog
    from babel.messages.extract import extract_from_dir

    read_mapping: Callable[[IO[str]], tuple[Any, Any]] = frontend.parse_mapping_cfg
    with (mapping or _SOURCES.parents[1] / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = read_mapping(file)
    template = Catalog(project="Centralita", charset="utf-8")
    found = extract_from_dir(str(sources), methods, options, directory_filter=lambda name: "__pycache__" not in name)
    for filename, _line, message, comments, context in found:
        template.add(message, None, [(Path(filename).as_posix(), 0)], auto_comments=comments, context=context)
    return template


def faults(template: Catalog, catalogue: Catalog) -> list[str]:
    """What is wrong with a catalogue, one line each; [] when every text of ``template`` is translated and no more."""
    found = []
    for wanted in template:
        if not wanted.id:
            continue
        entry = catalogue.get(wanted.id)
        where = wanted.locations[0][0] if wanted.locations else ""
        said = entry.string if entry else None
        forms = (said,) if isinstance(said, str) else tuple(said or ())
        if entry is None or not forms or not all(forms):
            found.append(f"missing: {wanted.id!r} ({where})")
        elif entry.fuzzy:
            found.append(f"fuzzy: {wanted.id!r} ({where})")
        elif [placeholders(form) for form in forms] != _placeholders_of(wanted.id, len(forms)):
            found.append(f"placeholders differ: {wanted.id!r} ({where})")
    used = {entry.id if isinstance(entry.id, str) else entry.id[0] for entry in template}
    for entry in catalogue:
        singular = entry.id if isinstance(entry.id, str) else entry.id[0]
        if singular and singular not in used:
            found.append(f"unused: {singular!r}")
    return [*found, *(f"unused: {entry.id!r}" for entry in catalogue.obsolete.values())]


def placeholders(text: str) -> frozenset[str]:
    """The names that a text is filled with: ``{name}`` and ``%(name)s``. A brace that is no placeholder counts as one
    that no translation has, so that the check shows it."""
    try:
        braces = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError:
        braces = {text}
    return frozenset(braces | set(re.findall(r"%\((\w+)\)[sd]", text)))


def _placeholders_of(msgid: str | Sequence[str], count: int) -> list[frozenset[str]]:
    """Those that each of ``count`` forms must have: the first as the singular, the others as the plural."""
    singular, plural = (msgid, msgid) if isinstance(msgid, str) else (msgid[0], msgid[-1])
    return [placeholders(singular), *[placeholders(plural)] * (count - 1)]


def _read(locale: str) -> Catalog:
    from babel.messages.pofile import read_po

    with catalogue_path(locale).open("rb") as file:
        return read_po(file, locale=locale)


def _extract(locale: str) -> None:
    from babel.messages.pofile import write_po

    path, template, catalogue = catalogue_path(locale), extract_template(), _read(locale)
    for message in template:
        message.locations = sorted({(_relative(name), 0) for name, _ in message.locations})
    catalogue.update(template, no_fuzzy_matching=True, update_header_comment=False, update_creation_date=False)
    written = io.BytesIO()
    write_po(written, catalogue, width=120, sort_by_file=True, ignore_obsolete=True, include_lineno=False)
    # The first entry stays as it is: Babel would wrap the glossary anew and fill in headers that nobody needs.
    first = path.read_text(encoding="utf-8").split("\n\n", 1)[0].rstrip()
    path.write_text(f"{first}\n\n{written.getvalue().decode().split(chr(10) * 2, 1)[1].rstrip()}\n", encoding="utf-8")


def _relative(name: str) -> str:
    return Path(name).resolve().relative_to(_SOURCES).as_posix() if Path(name).is_absolute() else name


def main(arguments: Sequence[str]) -> int:
    """``check`` or ``extract``: 0 done, 1 something is wrong, 2 wrong usage."""
    if list(arguments) not in (["check"], ["extract"]):
        sys.stderr.write("usage: python -m centralita.i18n check|extract\n")
        return 2
    wrong = 0
    for locale in LOCALES:
        if locale == SOURCE_LOCALE:
            continue
        if arguments[0] == "extract":
            _extract(locale)
        for fault in faults(extract_template(), _read(locale)):
            wrong += 1
            sys.stderr.write(f"{catalogue_path(locale).name} [{locale}] {fault}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
