"""Signed notes, keys and checkpoints: the published examples, and strictness byte by byte."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongshu.ledger.checkpoints import (
    checkpoint_text,
    open_checkpoint,
    parse_checkpoint,
    sign_checkpoint,
)
from gongshu.ledger.encoding import from_base64, from_decimal, to_base64
from gongshu.ledger.faults import LedgerFault
from gongshu.ledger.notes import Note, Signature, Signer, Verifier, sign_note
from gongshu.ledger.tree import EMPTY_ROOT
from gongshu.vocabulary.errors import Invalid

# The example of the C2SP signed-note specification.
FOO = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
FOO_NOTE = (
    "This is an example message.\n\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmR"
    "KuwHjG1Yu72IneyaQM=\n"
).encode()
REAL_LOG = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"

SIGNER = Signer("gongshu.example/log", bytes(range(32)))
OTHER = Signer("gongshu.example/other", bytes(range(32)))
ROOT = bytes(range(32))


def checkpoint(size: int = 7) -> bytes:
    return sign_checkpoint(SIGNER.name, size, ROOT, SIGNER).note


def test_the_example_of_the_specification_verifies() -> None:
    verifier = Verifier.parse(FOO)
    assert verifier.vkey == FOO
    note = Note.parse(FOO_NOTE)
    assert note.encode() == FOO_NOTE
    note.check(verifier)
    with pytest.raises(LedgerFault) as refused:
        Note.parse(FOO_NOTE.replace(b"example message", b"exampel message")).check(verifier)
    assert (refused.value.code, refused.value.part) == ("ledger_signature", "signature")


def test_a_real_log_opens_at_every_size(shared: Path) -> None:
    verifier = Verifier.parse(REAL_LOG)
    folder = shared / "data/standards/tlog-tiles/log"
    sizes = {open_checkpoint(f.read_bytes(), verifier).size for f in folder.glob("checkpoint*")}
    assert sizes == set(range(16))
    with pytest.raises(LedgerFault):
        open_checkpoint((folder / "checkpoint").read_bytes(), SIGNER.verifier, origin=verifier.name)


def test_keys_survive_their_text_and_hide_their_seed() -> None:
    signer = Signer.generate("a.example/b")
    assert Signer.parse(signer.secret) == signer
    assert Verifier.parse(signer.verifier.vkey) == signer.verifier
    assert signer.seed.hex() not in repr(signer)
    assert repr(signer.seed) not in repr(signer)
    assert Signer.generate("a", lambda n: bytes(n)) == Signer("a", bytes(32))


@pytest.mark.parametrize(
    "text",
    [
        "",
        FOO[:-1],
        FOO + "=",
        FOO + "\n",
        FOO.replace("530d903a", "530D903A"),
        FOO.replace("530d903a", "530d903b"),
        FOO.replace("Aeky", "Beky"),  # another type of signature
        FOO.replace("3U2k", "3U2="),
        FOO.replace("example.com/foo", "example.com/bar"),
        FOO.replace("example.com/foo", ""),
        FOO.replace("example.com/foo", "example.com foo"),
        "PRIVATE+KEY+" + FOO,
    ],
)
def test_a_damaged_key_is_refused(text: str) -> None:
    for parse in (Verifier.parse, Signer.parse):
        with pytest.raises(Invalid) as refused:
            parse(text)
        assert refused.value.code == "ledger_key"


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u3000b", "a\nb", "a\tb"])
def test_a_name_that_no_line_can_carry_is_refused(name: str) -> None:
    for make in (lambda: Signer(name, bytes(32)), lambda: Verifier(name, bytes(32))):
        with pytest.raises(Invalid):
            make()


def test_lines_of_unknown_keys_are_ignored_and_counted() -> None:
    both = sign_note(checkpoint_text(SIGNER.name, 7, ROOT), OTHER, SIGNER).encode()
    assert open_checkpoint(both, SIGNER.verifier).signatures() == 2
    with pytest.raises(LedgerFault):
        open_checkpoint(both, Signer("gongshu.example/third", bytes(32)).verifier)


def test_a_bad_line_of_a_known_key_refuses_the_note() -> None:
    good = Note.parse(checkpoint())
    line = sign_note("another text\n", OTHER).signatures[0]
    bad = Note(good.text, (line, *good.signatures))
    bad.check(SIGNER.verifier)
    with pytest.raises(LedgerFault, match="签名与内容不符"):
        bad.check(OTHER.verifier)


@pytest.mark.parametrize("control", ["\r", "\t", "\x00", "\x1f"])
def test_a_signed_note_with_control_characters_is_refused(control: str) -> None:
    text = f"a{control}b\n"
    line = Signature(SIGNER.name, SIGNER.verifier.key_id, SIGNER.sign(text))
    with pytest.raises(LedgerFault) as refused:
        Note.parse(Note(text, (line,)).encode())
    assert (refused.value.part, refused.value.offset) == ("text", 1)


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_every_changed_byte_of_a_checkpoint_is_refused(data: st.DataObject) -> None:
    good = checkpoint()
    at = data.draw(st.integers(0, len(good) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != good[at]))
    with pytest.raises(LedgerFault) as refused:
        open_checkpoint(good[:at] + bytes([byte]) + good[at + 1 :], SIGNER.verifier)
    assert refused.value.offset is not None


def test_every_cut_and_every_addition_is_refused() -> None:
    good = checkpoint()
    for at in range(len(good)):
        with pytest.raises(LedgerFault):
            open_checkpoint(good[:at], SIGNER.verifier)
    for more in (b"\n", b" ", b"x\n", good, "— a AAAA\n".encode(), good.rsplit(b"\n\n")[1]):
        with pytest.raises(LedgerFault):
            open_checkpoint(good + more, SIGNER.verifier)


def resigned(text: str) -> bytes:
    return sign_note(text, SIGNER).encode()


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (f"{SIGNER.name}\n07\n{to_base64(ROOT)}\n", "size"),
        (f"{SIGNER.name}\n+7\n{to_base64(ROOT)}\n", "size"),
        (f"{SIGNER.name}\n７\n{to_base64(ROOT)}\n", "size"),
        (f"{SIGNER.name}\n{2**63}\n{to_base64(ROOT)}\n", "size"),
        (f"{SIGNER.name}\n\n{to_base64(ROOT)}\n", "size"),
        (f"{SIGNER.name}\n7\n{to_base64(ROOT)[:-2]}9=\n", "root"),  # trailing bits not zero
        (f"{SIGNER.name}\n7\n{to_base64(ROOT[:31])}\n", "root"),
        (f"{SIGNER.name}\n7\n{to_base64(ROOT)} \n", "root"),
        (f"{SIGNER.name}\n0\n{to_base64(ROOT)}\n", "root"),
        (f"{SIGNER.name}\n7\n{to_base64(ROOT)}\n\nmore\n", "origin"),
        (f"{SIGNER.name}\n7\n", "origin"),
        (f"\n7\n{to_base64(ROOT)}\n", "origin"),
        (f"elsewhere.example\n7\n{to_base64(ROOT)}\n", "origin"),
    ],
)
def test_a_signed_text_that_is_no_canonical_checkpoint_is_refused(text: str, part: str) -> None:
    with pytest.raises(LedgerFault) as refused:
        open_checkpoint(resigned(text), SIGNER.verifier)
    assert refused.value.part == part


def test_extension_lines_are_kept_and_mean_nothing() -> None:
    opened = open_checkpoint(
        resigned(checkpoint_text(SIGNER.name, 7, ROOT) + "x\ny\n"), SIGNER.verifier
    )
    assert (opened.size, opened.root, opened.extensions) == (7, ROOT, ("x", "y"))


def test_the_size_and_root_of_an_unverified_checkpoint_can_be_read() -> None:
    stranger = sign_checkpoint("stranger", 0, EMPTY_ROOT, OTHER)
    assert parse_checkpoint(stranger.note) == stranger


def test_the_same_signature_twice_is_refused() -> None:
    text, line = checkpoint().split(b"\n\n")
    with pytest.raises(LedgerFault):
        Note.parse(text + b"\n\n" + line + line)


def test_too_many_signatures_or_too_long_a_note_is_refused() -> None:
    signers = [Signer(f"k{at}", bytes(32)) for at in range(65)]
    Note.parse(sign_note("text\n", *signers[:64]).encode())
    with pytest.raises(LedgerFault):
        Note.parse(sign_note("text\n", *signers).encode())
    with pytest.raises(LedgerFault):
        Note.parse(b"x" * (1 << 20) + checkpoint())


@pytest.mark.parametrize("text", ["no newline", "tab\t\n", "null\x00\n", ""])
def test_a_text_that_cannot_be_a_note_is_not_signed(text: str) -> None:
    with pytest.raises(Invalid):
        sign_note(text, SIGNER)


@pytest.mark.parametrize(
    ("origin", "size", "root"),
    [("", 1, ROOT), ("a\nb", 1, ROOT), ("a", -1, ROOT), ("a", 1, ROOT[:31])],
)
def test_values_without_a_checkpoint_text_are_not_signed(
    origin: str, size: int, root: bytes
) -> None:
    with pytest.raises(Invalid):
        sign_checkpoint(origin, size, root, SIGNER)


@pytest.mark.parametrize("text", ["QQ", "QQ=", "QR==", "QQ==\n", " QQ==", "Q-==", "QQ=Q", "é==="])
def test_base64_has_one_spelling(text: str) -> None:
    with pytest.raises(LedgerFault):
        from_base64(text)
    assert from_base64("QQ==") == b"A"


@pytest.mark.parametrize(
    "text", ["", "00", "01", "-1", "+1", " 1", "1\n", "1_0", "²", "１", "1" * 20]
)
def test_decimals_have_one_spelling(text: str) -> None:
    with pytest.raises(LedgerFault):
        from_decimal(text)
    assert (from_decimal("0"), from_decimal("120")) == (0, 120)
