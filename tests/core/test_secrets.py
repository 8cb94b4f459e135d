"""Secrets at rest: what is sealed opens only with its key, in its row, unchanged; and where the keys come from."""

from __future__ import annotations

import base64
import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from centralita.core.secrets import SecretError, is_current, make_key, seal, unseal
from centralita.services.keys import FILE_NAME, KeyFault, load_keys, read_key

OLD, NEW = make_key(bytes(range(32))), make_key(bytes(range(1, 33)))
NONCE = bytes(range(12))
ROW = b"webhook/erp/secret"


@settings(deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=40))
def test_what_is_sealed_opens_in_its_row(plain: bytes, aad: bytes) -> None:
    sealed = seal(plain, OLD, aad, NONCE)
    assert unseal(sealed, [NEW, OLD], aad) == plain
    assert len(plain) < 4 or plain not in sealed
    with pytest.raises(SecretError, match=r"secret\.damaged"):
        unseal(sealed, [OLD], aad + b"x")


def test_the_format_is_plain_aes_gcm() -> None:
    sealed = seal(b"whsec_x", OLD, ROW, NONCE)
    assert sealed[:5] == b"\x01" + OLD.id
    assert AESGCM(bytes(range(32))).decrypt(sealed[5:17], sealed[17:], sealed[:5] + ROW) == b"whsec_x"


def test_every_flipped_bit_and_every_cut_is_found() -> None:
    sealed = seal(b"whsec_x", OLD, ROW, NONCE)
    for place in range(len(sealed) * 8):
        damaged = bytearray(sealed)
        damaged[place // 8] ^= 1 << (place % 8)
        with pytest.raises(SecretError, match=r"secret\."):
            unseal(bytes(damaged), [OLD, NEW], ROW)
    for length in range(len(sealed)):
        with pytest.raises(SecretError, match=r"secret\."):
            unseal(sealed[:length], [OLD, NEW], ROW)


def test_a_rotation_opens_the_old_and_seals_with_the_new() -> None:
    sealed = seal(b"x", OLD, ROW, NONCE)
    assert not is_current(sealed, NEW)
    again = seal(unseal(sealed, [NEW, OLD], ROW), NEW, ROW, NONCE)
    assert is_current(again, NEW)
    assert unseal(again, [NEW], ROW) == b"x"
    with pytest.raises(SecretError, match=r"secret\.key_unknown"):
        unseal(sealed, [NEW], ROW)
    with pytest.raises(SecretError, match=r"secret\.key_unknown"):
        unseal(sealed, [], ROW)


def test_keys_and_nonces_have_their_size_and_keys_don_t_show_themselves() -> None:
    for wrong in (b"", bytes(16), bytes(33)):
        with pytest.raises(ValueError, match="32 bytes"):
            make_key(wrong)
    with pytest.raises(ValueError, match="12 bytes"):
        seal(b"x", OLD, ROW, b"")
    assert repr(OLD) == f"Key({OLD.id.hex()})"
    assert OLD.id not in OLD.material


# --- Where keys come from --------------------------------------------------------------------------------------------


def test_the_first_start_makes_a_key_that_only_we_can_read(tmp_path: Path) -> None:
    keys = load_keys({}, tmp_path / "data")
    path = tmp_path / "data" / FILE_NAME
    assert len(keys) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_keys({}, tmp_path / "data") == keys
    assert os.listdir(tmp_path / "data") == [FILE_NAME]
    assert load_keys({}, tmp_path / "other") != keys


def test_the_environment_wins_and_the_file_stays_readable(tmp_path: Path) -> None:
    (from_file,) = load_keys({}, tmp_path)
    environ = {"CENTRALITA_SECRET_KEY": "ab" * 32, "CENTRALITA_SECRET_KEY_PREVIOUS": "cd" * 32}
    expected = (make_key(b"\xab" * 32), make_key(b"\xcd" * 32), from_file)
    assert load_keys(environ, tmp_path) == expected
    assert load_keys({"CENTRALITA_SECRET_KEY": "ab" * 32}, tmp_path / "new") == expected[:1]
    assert not (tmp_path / "new").exists()
    assert load_keys({"CENTRALITA_SECRET_KEY": "  "}, tmp_path) == (from_file,)


def test_a_file_may_hold_old_keys_below_the_current_one(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.write_text("ab" * 32 + "\n" + "cd" * 32 + "\n")
    path.chmod(0o600)
    assert load_keys({}, tmp_path) == (make_key(b"\xab" * 32), make_key(b"\xcd" * 32))


def test_all_spellings_of_a_key() -> None:
    material = bytes(range(250, 256)) + bytes(26)
    expected = make_key(material)
    for text in (
        material.hex(),
        material.hex().upper(),
        base64.b64encode(material).decode(),
        base64.urlsafe_b64encode(material).decode(),
        base64.b64encode(material).decode().rstrip("="),
        f" {material.hex()}\n",
    ):
        assert read_key(text, "x") == expected
    phrase = read_key("una frase bastante larga", "x")
    assert phrase == read_key("una frase bastante larga ", "x")
    assert phrase != read_key("una frase bastante larga!", "x")


@pytest.mark.parametrize("content", ["", "\n", "abc", "ab" * 31, "ab" * 32 + "\nxyz", "é", "una frase bastante larga"])
def test_a_damaged_file_is_an_error_and_never_replaced(tmp_path: Path, content: str) -> None:
    path = tmp_path / FILE_NAME
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(KeyFault, match=r"key\.file_damaged") as caught:
        load_keys({}, tmp_path)
    assert path.read_text() == content
    assert not content.strip() or content not in str(caught.value)


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    load_keys({}, tmp_path)
    for mode in (0o644, 0o640, 0o604, 0o660):
        (tmp_path / FILE_NAME).chmod(mode)
        with pytest.raises(KeyFault, match=r"key\.file_readable_by_others"):
            load_keys({}, tmp_path)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    load_keys({}, tmp_path / "real")
    (tmp_path / FILE_NAME).symlink_to(tmp_path / "real" / FILE_NAME)
    with pytest.raises(KeyFault, match=r"key\.file_damaged"):
        load_keys({}, tmp_path)
    (tmp_path / FILE_NAME).unlink()
    (tmp_path / FILE_NAME).symlink_to(tmp_path / "nowhere")
    with pytest.raises(KeyFault, match=r"key\.file_damaged"):
        load_keys({}, tmp_path)


def test_a_directory_that_can_t_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(KeyFault, match=r"key\.file_unwritable"):
        load_keys({}, tmp_path / "file")


def test_a_short_passphrase_is_refused_without_repeating_it() -> None:
    with pytest.raises(KeyFault, match=r"key\.too_short CENTRALITA_SECRET_KEY") as caught:
        load_keys({"CENTRALITA_SECRET_KEY": "hunter2"}, Path("/nonexistent"))
    assert "hunter2" not in str(caught.value)


def test_of_two_first_starts_one_wins_and_both_agree(tmp_path: Path) -> None:
    made: list[bytes] = []

    def slow_random(size: int) -> bytes:
        if not made:
            made.append(b"first")
            made.append(load_keys({}, tmp_path)[0].material)  # another process, while we draw our bytes
        return os.urandom(size)

    assert load_keys({}, tmp_path, slow_random)[0].material == made[1]
