"""API keys: what is kept of them, and which are known."""

from hashlib import sha256
from pathlib import Path

import pytest

from service.api.keys import key_ring, line_of, new_key
from service.errors import InvalidSetting
from service.settings import Settings

ALICE, BOB = line_of("alice", "one key"), line_of("bob", "another")


def test_a_key_is_long_random_and_fit_for_a_header() -> None:
    keys = {new_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(key.startswith("actiscope_") and len(key) >= 53 and key.isascii() and key.isprintable() for key in keys)


def test_only_the_hash_is_kept() -> None:
    assert line_of("alice", "one key") == f"alice:{sha256(b'one key').hexdigest()}"


def test_keys_are_read_from_a_file_and_from_the_variable(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"# who may ask\n\n  {ALICE}  # since spring\r\n{line_of('alice', 'her new key')}\n")
    ring = key_ring(Settings(keys_file=str(file), keys=f"{BOB}, "))
    assert ring is not None
    owners = [ring.owner(key) for key in (b"one key", b"her new key", b"another", b"a third", b"")]
    assert owners == ["alice", "alice", "bob", None, None]


def test_without_keys_there_is_no_ring() -> None:
    assert key_ring(Settings()) is None


@pytest.mark.parametrize("line", ["a secret", "alice:a secret", "alice: " + "0" * 64, "alice:" + "F" * 64, ALICE + "0"])
def test_a_wrong_line_is_told_by_its_number_only(tmp_path: Path, line: str) -> None:
    file = tmp_path / "keys"
    file.write_text(f"# keys\n{BOB}\n{line}\n")
    with pytest.raises(InvalidSetting, match="keys, line 3 is not name:hash") as caught:
        key_ring(Settings(keys_file=str(file)))
    assert "secret" not in str(caught.value)
    with pytest.raises(InvalidSetting, match="ACTISCOPE_KEYS, entry 2 is not name:hash"):
        key_ring(Settings(keys=f"{BOB},{line}"))


def test_two_owners_of_one_key_are_told() -> None:
    with pytest.raises(InvalidSetting, match="ACTISCOPE_KEYS, entry 2 repeats the hash of another name"):
        key_ring(Settings(keys=f"{ALICE},{ALICE.replace('alice', 'bob')}"))
    assert key_ring(Settings(keys=f"{ALICE},{ALICE}"))


def test_a_file_without_keys_lets_nobody_in_and_is_told(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("# none yet\n")
    with pytest.raises(InvalidSetting, match="hold no key"):
        key_ring(Settings(keys_file=str(file)))


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "keys").write_bytes(b"\xff\xfe")
    for path, reason in ((tmp_path / "none", "No such file"), (tmp_path, "directory"), (tmp_path / "keys", "UTF-8")):
        with pytest.raises(InvalidSetting, match=rf"ACTISCOPE_KEYS_FILE names .*{reason}"):
            key_ring(Settings(keys_file=str(path)))
