from __future__ import annotations

import subprocess
import sys

import pytest

from centralita.integrations import registry
from tests.contracts.kinds import SOURCE_KINDS


def test_importing_the_registry_imports_no_integration() -> None:
    code = (
        "import sys; import centralita.integrations.registry; "
        "print(*(name for name in sys.modules if name.startswith('centralita.integrations.') "
        "or name in ('re2', 'yaml', 'liquid', 'cryptography')))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert found == ["centralita.integrations.registry"]


def test_every_line_of_the_registry_leads_somewhere() -> None:
    for kind in SOURCE_KINDS:
        assert registry.source(kind).kind == kind
        assert registry.source(kind) is registry.SOURCES[kind]
    for kind in registry.DESTINATIONS:
        assert registry.destination(kind).kind == kind


def test_an_unknown_kind_is_told_what_there_is() -> None:
    with pytest.raises(LookupError, match=r"pigeon: one of alertmanager, .*generic, .*invgate"):
        registry.source("pigeon")
    with pytest.raises(LookupError, match=r"mail: one of invgate, slack, webhook"):
        registry.destination("mail")
    assert registry.fixtures("pigeon") == {}


def test_a_preset_stands_where_a_kind_does() -> None:
    assert {"zabbix", "glpi", *SOURCE_KINDS} <= set(registry.kinds())
    integration, settings = registry.configured("zabbix", {"auth": "key"})
    assert (integration.kind, settings) == ("generic", {"preset": "zabbix", "auth": "key"})
    examples = registry.fixtures("zabbix")
    assert examples
    assert examples.items() < registry.fixtures("generic").items()
    request = registry.signed("zabbix", examples["zabbix-problem"], [b"s3cret"], {}, 0)
    assert dict(request.headers)["authorization"] == "Bearer s3cret"


def test_event_types_are_declared_once_and_aliases_mean_one_type() -> None:
    types = registry.event_types()
    for kind in SOURCE_KINDS:
        for name, declared in registry.source(kind).types.items():
            assert declared.name == name
            assert declared.meaning == types[name].meaning, "two sources use one type for two things"
    aliases = [alias for declared in types.values() for alias in declared.aliases]
    assert len(aliases) == len(set(aliases))
    assert not set(aliases) & set(types)
