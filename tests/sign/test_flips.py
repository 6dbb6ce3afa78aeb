"""Whatever byte of whatever file is changed, the release is refused."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explainkit.sign.keys import TrialKeys
from explainkit.sign.verification import verify_release
from tests.bounded import share
from tests.sign.builders import read, restate, write

FOLDER = "signatures/01-provider/"
EVERY_BYTE = (FOLDER + "statement.dsse.json", FOLDER + "chain.pem")


def refused(release: Path, keys: TrialKeys, name: str, data: bytes, at: int = -1) -> None:
    """One file replaced, judged, and put back; `at` is told on failure."""
    path = release / name
    before = path.read_bytes()
    assert data != before
    path.write_bytes(data)
    found = verify_release(release, trust=[keys.ca])
    path.write_bytes(before)
    assert found.state == "invalid", (name, at, found.lines())
    assert found.exit_code == 3


def flipped(data: bytes, at: int, mask: int) -> bytes:
    """One byte changed; `mask` is from 1 to 255."""
    return data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]


def places(data: bytes, count: int, chance: random.Random) -> Iterator[int]:
    """First, last, and random places of a file."""
    yield from {0, 1, len(data) // 2, len(data) - 2, len(data) - 1}
    yield from (chance.randrange(len(data)) for _ in range(count))


def structural(pdf: bytes) -> list[int]:
    """Places of a signed PDF where a byte can be changed and hardly anybody notices."""
    (found,) = re.findall(rb"/ByteRange \[(\d+) (\d+) (\d+) (\d+)\]", pdf)
    start, end = int(found[1]), int(found[2])
    keywords = [
        m.start() for word in (rb"%%EOF", rb"startxref", rb"/ByteRange", rb"xref\n") for m in re.finditer(word, pdf)
    ]
    near = [start, start + 1, start + 2, end - 1, end - 2, end - 3, end - 400, end]
    return [*near, *keywords, pdf.index(b"]", pdf.index(b"/ByteRange")) + 5]


@pytest.mark.slow
def test_every_byte_of_the_statement_and_the_chain(release: Path, keys: TrialKeys) -> None:
    chance = random.Random(20261101)
    for name in EVERY_BYTE:
        data = (release / name).read_bytes()
        for at in range(len(data)):
            refused(release, keys, name, flipped(data, at, chance.randrange(1, 256)), at)


@pytest.mark.slow
def test_random_and_structural_bytes_of_every_file(release: Path, keys: TrialKeys) -> None:
    chance = random.Random(20261102)
    for name, data in read(release).items():
        for at in places(data, 40, chance):
            refused(release, keys, name, flipped(data, at, chance.randrange(1, 256)), at)
    pdf = (release / "card.pdf").read_bytes()
    for at in structural(pdf):
        refused(release, keys, "card.pdf", flipped(pdf, at, 1))
        refused(release, keys, "card.pdf", flipped(pdf, at, 0x20))  # the case of a letter


def test_bytes_appended_and_cut(release: Path, keys: TrialKeys) -> None:
    for name, data in read(release).items():
        for changed in (data + b"\n", data + b"\0", b" " + data, data[:-1], data[1:], b"", data * 2):
            refused(release, keys, name, changed)


def test_any_byte_of_a_pdf_alone(release: Path, keys: TrialKeys) -> None:
    chance = random.Random(20261103)
    path = release / "card.pdf"
    pdf = path.read_bytes()
    (found,) = re.findall(rb"/ByteRange \[(\d+) (\d+) (\d+) (\d+)\]", pdf)
    start, end = int(found[1]), int(found[2])
    covered = [at for at in places(pdf, 200, chance) if not start < at < end - 1]
    padding = [at for at in structural(pdf) if at >= end - 400 or at <= start]
    for at in [*covered, *padding]:
        path.write_bytes(flipped(pdf, at, chance.randrange(1, 256)))
        assert verify_release(path, trust=[keys.ca]).state == "invalid", at


@pytest.mark.slow
def test_thousands_of_bytes(release: Path, keys: TrialKeys) -> None:
    chance = random.Random(20261104)
    for name, data in read(release).items():
        for at in places(data, share(400, 20), chance):
            refused(release, keys, name, flipped(data, at, chance.randrange(1, 256)), at)


# Arbitrary bytes: three states, and nothing else


FILES = ("card.pdf", "card.json", "card.html", FOLDER + "card.json.p7s", FOLDER + "chain.pem", *EVERY_BYTE[:1])
HARMLESS = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("stated", [True, False])
def test_random_bytes_in_place_of_a_file(
    signed_once: Path, keys: TrialKeys, tmp_path: Path, name: str, stated: bool
) -> None:
    original = read(signed_once)

    @HARMLESS
    @given(data=st.binary(max_size=400))
    def judge(data: bytes) -> None:
        folder = write(tmp_path / "r", {**original, name: data})
        if stated and name not in EVERY_BYTE:
            restate(folder, keys.signer)
        assert verify_release(folder, trust=[keys.ca]).state == "invalid"

    judge()


@pytest.mark.parametrize("name", ["card.pdf", "card.json", "card.html", FOLDER + "card.json.p7s", FOLDER + "chain.pem"])
def test_bytes_much_like_those_of_a_file(signed_once: Path, keys: TrialKeys, tmp_path: Path, name: str) -> None:
    """Spoilt files that the signer's own statement lists: the parsers behind the digests see them."""
    original = read(signed_once)
    data = original[name]

    @HARMLESS
    @given(
        cuts=st.lists(
            st.tuples(st.integers(0, len(data) - 1), st.integers(0, 40), st.binary(max_size=40)), min_size=1, max_size=4
        )
    )
    def judge(cuts: list[tuple[int, int, bytes]]) -> None:
        spoilt = data
        for at, length, new in cuts:
            spoilt = spoilt[:at] + new + spoilt[at + length :]
        folder = write(tmp_path / "r", {**original, name: spoilt})
        restate(folder, keys.signer)
        found = verify_release(folder, trust=[keys.ca])
        assert found.state == ("valid" if spoilt == data else "invalid")
        if name == "card.pdf":
            assert verify_release(folder / name, trust=[keys.ca]).state in ("invalid", "indeterminate")

    judge()


@HARMLESS
@given(head=st.sampled_from([b"", b"%PDF-1.7\n", b"%PDF-1.4\n%\xff\n1 0 obj\n<<"]), data=st.binary(max_size=2000))
def test_random_bytes_as_a_pdf(tmp_path_factory: pytest.TempPathFactory, head: bytes, data: bytes) -> None:
    path = tmp_path_factory.mktemp("pdf") / "card.pdf"
    path.write_bytes(head + data)
    assert verify_release(path).state == "invalid"
