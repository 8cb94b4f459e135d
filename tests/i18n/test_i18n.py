"""The two languages: the catalogue is whole, our reader reads it as Babel's does, and the check finds each fault."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from centralita import i18n


def test_every_text_of_the_sources_has_its_spanish() -> None:
    with i18n.catalogue_path("es").open("rb") as file:
        assert i18n.faults(i18n.extract_template(), read_po(file, locale="es")) == []


def test_our_reader_reads_the_catalogue_as_babel_does() -> None:
    with i18n.catalogue_path("es").open("rb") as file:
        theirs = read_po(file, locale="es")
    ours = i18n.read_catalogue(i18n.catalogue_path("es").read_text(encoding="utf-8"))
    expected = {}
    for entry in theirs:
        if entry.id:
            key = entry.id if isinstance(entry.id, str) else entry.id[0]
            forms = (entry.string,) if isinstance(entry.string, str) else tuple(entry.string or ())
            if all(forms) and not entry.fuzzy:
                expected[key] = forms
    assert len(expected) > 100
    assert dict(ours.texts) == expected
    assert [ours.plural(n) for n in (0, 1, 2, 21)] == [1, 0, 1, 1]


def test_reader_joins_lines_unescapes_and_leaves_out_fuzzy_and_empty() -> None:
    text = (
        'msgid ""\nmsgstr "Plural-Forms: nplurals=2; plural=n > 1;\\n"\n\n'
        'msgid ""\n"one "\n"line"\nmsgstr "una \\"línea\\"\\n\\\\n"\n\n'
        '#, fuzzy, python-format\nmsgid "maybe"\nmsgstr "quizás"\n\n'
        'msgid "none"\nmsgstr ""\n\n'
        'msgid "a thing"\nmsgid_plural "{n} things"\nmsgstr[0] "una cosa"\nmsgstr[1] "{n} cosas"\n\n'
        '#~ msgid "old"\n#~ msgstr "viejo"\n'
    )
    catalogue = i18n.read_catalogue(text)
    assert catalogue.texts == {"one line": ('una "línea"\n\\n',), "a thing": ("una cosa", "{n} cosas")}
    assert catalogue.plural(0) == 0


@pytest.mark.parametrize(
    ("candidates", "locale"),
    [
        (("es-AR",), "es"), (("es_419", "en"), "es"), (("ES",), "es"), (("en-GB", "es"), "en"),
        (("pt-BR", "es-MX"), "es"),
        (("", None, "de"), "en"), ((), "en"), (("essay",), "en"), (("es.UTF-8",), "es"), (("es@latin",), "es"),
    ],
)  # fmt: skip
def test_best_locale(candidates: tuple[str | None, ...], locale: str) -> None:
    assert i18n.best_locale(candidates) == locale


def test_an_unknown_text_or_language_shows_the_english() -> None:
    assert i18n.gettext("There is no such text {x}", "es-AR") == "There is no such text {x}"
    assert i18n.ngettext("{n} gnu here", "{n} gnus here", 1, "es") == "{n} gnu here"
    assert i18n.ngettext("{n} gnu here", "{n} gnus here", 3, "xx") == "{n} gnus here"


def _extracted(source: str) -> list[object]:
    return [found[2] for found in i18n.extract_python(io.BytesIO(source.encode()), {}, (), {})]


def test_extraction_finds_marked_texts_meanings_and_help() -> None:
    source = (
        '_("a {x}", locale)\nN_("b")\nngettext("one", "many", 2, "es")\ngettext(variable, "es")\n'
        'EventType("ticket.created", "c")\nEventType("ticket.closed", meaning="d", aliases=())\n'
        'ConfigField(name="url", help="e", type="url")\nobject.other("f")\n'
    )
    assert sorted(_extracted(source), key=str) == sorted(["a {x}", "b", ("one", "many"), "c", "d", "e"], key=str)


def test_extraction_walks_a_folder_and_leaves_tests_out(tmp_path: Path) -> None:
    (tmp_path / "page.py").write_text('_("from the page", "es")\n')
    (tmp_path / "test_page.py").write_text('_("from the test", "es")\n')
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.html").write_text("<p>{{ _('from the template', locale) }}</p>")
    template = i18n.extract_template(tmp_path)
    assert sorted(str(message.id) for message in template if message.id) == ["from the page", "from the template"]


def _template(*ids: str | tuple[str, str]) -> Catalog:
    template = Catalog()
    for msgid in ids:
        template.add(msgid)
    return template


def test_each_fault_is_found() -> None:
    template = _template("fine {a}", "missing", "empty", "fuzzy", "other {a}", ("{n} one", "{n} many"), "brace {a}")
    catalogue = Catalog(locale="es")
    catalogue.add("fine {a}", "bien {a}")
    catalogue.add("empty", "")
    catalogue.add("fuzzy", "borroso", flags=["fuzzy"])
    catalogue.add("other {a}", "otro {b}")
    catalogue.add(("{n} one", "{n} many"), ("{n} uno", "muchos"))
    catalogue.add("brace {a}", "llave {a")
    catalogue.add("nobody says this", "nadie")
    found = [fault.removesuffix(" ()") for fault in i18n.faults(template, catalogue)]
    assert found == [
        "missing: 'missing'",
        "missing: 'empty'",
        "fuzzy: 'fuzzy'",
        "placeholders differ: 'other {a}'",
        "placeholders differ: ('{n} one', '{n} many')",
        "placeholders differ: 'brace {a}'",
        "unused: 'nobody says this'",
    ]


def test_extract_keeps_translations_and_the_glossary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = (
        '# Glosario:\n#   lane      carril\n#\n# fin\nmsgid ""\nmsgstr "Plural-Forms: nplurals=2; plural=(n != 1);\\n"'
    )
    entries = ('msgid "old"\nmsgstr "viejo"', 'msgid "one"\nmsgid_plural "{n}"\nmsgstr[0] "uno"\nmsgstr[1] "{n}"')
    copy = tmp_path / "centralita.po"
    copy.write_text("\n\n".join([first, *entries, 'msgid "nobody says this"\nmsgstr "nadie"\n']), encoding="utf-8")
    monkeypatch.setattr(i18n, "catalogue_path", lambda locale: copy)
    monkeypatch.setattr(i18n, "extract_template", lambda: _template("old", "new", ("one", "{n}")))
    assert i18n.main(["check"]) == 1
    assert i18n.main(["extract"]) == 1
    after = copy.read_text(encoding="utf-8")
    assert after.startswith(first)
    assert "nobody says this" not in after
    assert 'msgid "new"\nmsgstr ""' in after
    assert i18n.read_catalogue(after).texts == {"old": ("viejo",), "one": ("uno", "{n}")}
    copy.write_text(after.replace('msgid "new"\nmsgstr ""', 'msgid "new"\nmsgstr "nuevo"'), encoding="utf-8")
    assert i18n.main(["check"]) == i18n.main(["extract"]) == 0


def test_wrong_usage_is_two() -> None:
    assert i18n.main([]) == 2
