"""User names as computers and inventories write them: who is a person, and who never is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from centralita.core.usernames import Account, NoPerson, is_ignored, read_account


@pytest.mark.parametrize(
    ("written", "key"),
    [
        (r"bidcom\usuario", r"bidcom\usuario"),
        (r"BIDCOM\Usuario", r"bidcom\usuario"),
        (r"  BIDCOM\usuario ", r"bidcom\usuario"),
        (r"BIDCOM\\usuario", r"bidcom\usuario"),
        (r"BIDCOM\\\\usuario", r"bidcom\usuario"),
        (r"\\BIDCOM\usuario", r"bidcom\usuario"),
        (r'"BIDCOM\usuario"', r"bidcom\usuario"),
        ("BIDCOM/usuario", r"bidcom\usuario"),
        (r"BIDCOM \ usuario", r"bidcom\usuario"),
        (r"BIDCOM\josé.peña", r"bidcom\josé.peña"),
        (r"BIDCOM\Juan Perez", r"bidcom\juan perez"),
        ("BIDCOM\\jose\u0301", r"bidcom\josé"),
        ("usuario", "usuario"),
        ("Usuario@Bidcom.example", "usuario@bidcom.example"),
        (r"BIDCOM\usuario@bidcom.example", "usuario@bidcom.example"),
        (r"AzureAD\usuario@bidcom.example", "usuario@bidcom.example"),
    ],
)
def test_every_form_of_a_name_is_read_as_the_same_account(written: str, key: str) -> None:
    account = read_account(written, "PC-01")
    assert isinstance(account, Account) and account.key == key


@pytest.mark.parametrize("name", ["roberto", "tomas", "nadia", "beatriz", "fabian"])
def test_a_backslash_that_json_ate_is_put_back(name: str) -> None:
    written = json.loads(f'"bidcom\\{name}"')
    account = read_account(written)
    assert isinstance(account, Account) and account.key == f"bidcom\\{name}"


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (r".\usuario", "local_account"),
        (r"PC-01\usuario", "local_account"),
        (r"pc-01\Administrador", "local_account"),
        (r"PC-01.bidcom.local\usuario", "local_account"),
        (r"NT AUTHORITY\SYSTEM", "system_account"),
        (r"NT AUTHORITY\SERVICIO LOCAL", "system_account"),
        (r"Window Manager\DWM-1", "system_account"),
        (r"Font Driver Host\UMFD-0", "system_account"),
        (r"BIDCOM\PC-01$", "system_account"),
        ("PC-01$", "system_account"),
        ("DWM-12", "system_account"),
        ("SYSTEM", "system_account"),
        ("", "no_user"),
        ("  ", "no_user"),
        ("-", "no_user"),
        ("N/A", "no_user"),
        ("(none)", "no_user"),
        (r"BIDCOM\ana, BIDCOM\luis", "several_users"),
        (r"BIDCOM\ana;BIDCOM\luis", "several_users"),
        (r"a\b\c", "unreadable"),
        ("BIDCOM\\", "unreadable"),
        ("\\usuario", "unreadable"),
        ("usu\x00ario", "unreadable"),
        ("a@b@c", "unreadable"),
        ("@bidcom", "unreadable"),
        ("x" * 400, "unreadable"),
    ],
)
def test_what_is_never_an_owner(written: str, reason: str) -> None:
    assert read_account(written, "PC-01.bidcom.local") == NoPerson(reason)


def test_a_display_name_of_entra_is_no_user_name() -> None:
    account = read_account(r"AzureAD\JuanPerez")
    assert isinstance(account, Account) and (account.form, account.key) == ("azure", r"azuread\juanperez")


def test_a_long_computer_name_is_known_by_what_netbios_leaves_of_it() -> None:
    assert read_account(r"COMPUTADORA-RECE\ana", "computadora-recepcion-2") == Account(
        form="domain", name="ana", domain="computadora-rece"
    )
    assert read_account(r"COMPUTADORA-REC\ana", "computadora-recepcion-2") == NoPerson("local_account")


def test_the_ignore_list_knows_names_and_whole_accounts() -> None:
    account = Account(form="domain", name="svc-backup", domain="bidcom")
    assert is_ignored(account, ["SVC-*"])
    assert is_ignored(account, [r"bidcom\svc-*"])
    assert not is_ignored(account, [r"other\svc-*", "svc", "backup"])
    assert not is_ignored(Account(form="domain", name="svcarlson", domain="bidcom"), ["svc-*", "svc_*", "svc"])


@given(st.text(max_size=60), st.text(max_size=20))
def test_whatever_is_written_is_read_without_a_fault_and_the_same_again(text: str, host: str) -> None:
    account = read_account(text, host)
    if isinstance(account, Account) and account.form != "azure":
        again = read_account(account.key, "")
        assert not isinstance(again, Account) or again.key == account.key
