"""The statement and its envelope: they round-trip, and are read byte for byte."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st

from explainkit.errors import InputError, VerificationError
from explainkit.records import canonical
from explainkit.sign.certificates import fingerprint
from explainkit.sign.dsse import Envelope, pae, seal
from explainkit.sign.hanko import run
from explainkit.sign.keys import TrialKeys
from explainkit.sign.manifest import Statement, subjects
from tests.sign.builders import make_evidence
from tests.strategies import signed_statements


@given(signed_statements())
def test_a_statement_round_trips(statement: Statement) -> None:
    payload = statement.to_payload()
    assert Statement.from_payload(payload) == statement
    assert canonical(json.loads(payload)) == payload


@given(payload=st.binary(max_size=300), signature=st.binary(max_size=300))
def test_an_envelope_round_trips(payload: bytes, signature: bytes) -> None:
    envelope = Envelope(payload=payload, signature=signature, keyid="ab" * 32)
    assert Envelope.from_json(envelope.to_json()) == envelope


def test_pae_is_as_the_specification_has_it() -> None:
    # https://github.com/secure-systems-lab/dsse/blob/master/protocol.md: "DSSEv1" SP LEN SP type SP LEN SP body
    assert pae("grüße".encode()) == b"DSSEv1 28 application/vnd.in-toto+json 7 gr\xc3\xbc\xc3\x9fe"


def test_the_envelope_is_signed_with_the_certificates_key(keys: TrialKeys, stranger: TrialKeys) -> None:
    key = keys.signer.open()
    envelope = run(seal(b"{}", key.hand(), key.chain[0]))
    assert envelope.signature == key.private.sign(pae(b"{}"), PKCS1v15(), SHA256())
    assert envelope.keyid == fingerprint(key.chain[0])
    assert envelope.signed_by(key.chain[0])
    assert not envelope.signed_by(stranger.signer.open().chain[0])
    for other in (
        Envelope(payload=b"{} ", signature=envelope.signature, keyid=envelope.keyid),
        Envelope(payload=b"{}", signature=b"\0" + envelope.signature, keyid=envelope.keyid),
        Envelope(payload=b"{}", signature=envelope.signature[1:], keyid=envelope.keyid),
        Envelope(payload=b"{}", signature=envelope.signature, keyid="0" * 64),
    ):
        assert not other.signed_by(key.chain[0])


GOOD = Envelope(payload=b'{"a":1}', signature=b"12", keyid="ab" * 32)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text + "\n",
        lambda text: " " + text,
        lambda text: text.replace(":", ": "),
        lambda text: text.replace("MTI=", "MTJ="),  # an unused bit of base64
        lambda text: text.replace("MTI=", "MTI"),
        lambda text: text.replace("MTI=", "MTI=\\n"),
        lambda text: text.replace("MTI=", "\\u004dTI="),
        lambda text: text.replace('"signatures":[', '"signatures":[{"keyid":"","sig":""},'),
        lambda text: text.replace("vnd.in-toto+json", "json"),
        lambda text: text[:-1] + ',"more":1}',
        lambda text: text[:-1] + ',"payload":"e30="}',
        lambda text: "[" * 100_000,
        lambda text: "null",
        lambda text: '{"signatures":[1]}',
        lambda text: "",
    ],
)
def test_an_envelope_written_otherwise_is_refused(spoil: object) -> None:
    spoilt = spoil(GOOD.to_json().decode())  # type: ignore[operator]
    assert spoilt != GOOD.to_json().decode()
    with pytest.raises(VerificationError, match="not a DSSE envelope"):
        Envelope.from_json(spoilt.encode())


def statement() -> dict[str, object]:
    made = Statement(
        role="provider", certificate="ab" * 32, files=(), subjects=subjects(make_evidence()), previous=None
    )
    document: dict[str, object] = json.loads(made.to_payload())
    document["subject"] = [
        {"name": name, "digest": {"sha256": "cd" * 32}, "annotations": {"length": 5}} for name in ("card.json", "x/y.z")
    ]
    return document


def test_the_unspoilt_statement_is_read() -> None:
    assert len(Statement.from_payload(canonical(statement())).files) == 2


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("_type",), "https://in-toto.io/Statement/v0.1"),
        (("predicateType",), "urn:explainkit:model-card:v2"),
        (("more",), 1),
        (("predicate", "more"), 1),
        (("predicate", "role"), 5),
        (("predicate", "plan"), "ab" * 32),
        (("predicate", "signer", "certificate", "sha256"), "AB" * 32),
        (("predicate", "previous"), {}),
        (("subject", 0, "name"), "../card.json"),
        (("subject", 0, "name"), "/etc/passwd"),
        (("subject", 0, "name"), "a/b/c/d"),
        (("subject", 0, "name"), ".hidden"),
        (("subject", 0, "name"), "card.json\n"),
        (("subject", 0, "name"), "x/y.z"),
        (("subject", 0, "name"), "z"),
        (("subject", 0, "digest", "sha1"), "ab" * 20),
        (("subject", 0, "digest", "sha256"), "ab" * 31),
        (("subject", 0, "annotations", "length"), -1),
        (("subject", 0, "annotations", "length"), True),
        (("subject", 0, "annotations", "length"), "5"),
        (("subject", 0, "annotations", "length"), 5.5),
        (("subject",), {}),
        (("subject",), [1]),
    ],
)
def test_a_statement_of_another_form_is_refused(path: tuple[str | int, ...], value: object) -> None:
    document = statement()
    inner: object = document
    for step in path[:-1]:
        inner = inner[step]  # type: ignore[index]
    inner[path[-1]] = value  # type: ignore[index]
    with pytest.raises(VerificationError, match="not a statement about a release"):
        Statement.from_payload(canonical(document))


def test_a_statement_that_is_not_canonical_is_refused() -> None:
    payload = canonical(statement())
    for spoilt in (
        payload + b"\n",
        payload.replace(b",", b", ", 1),
        payload.replace(b'"role":', b'"role":"x","role":'),
    ):
        with pytest.raises(VerificationError, match="not canonical"):
            Statement.from_payload(spoilt)
    for nothing in (b"", b"[]", b"\xff", b"[" * 100_000, b"1" * 10_000):
        with pytest.raises(VerificationError):
            Statement.from_payload(nothing)


def test_a_digest_of_another_kind_is_not_signed() -> None:
    import dataclasses

    evidence = make_evidence()
    model = dataclasses.replace(evidence.model, digest="md5:" + "ab" * 16)
    with pytest.raises(InputError, match="the digest of the model cannot be signed"):
        subjects(dataclasses.replace(evidence, model=model))
    none = dataclasses.replace(evidence, model=dataclasses.replace(evidence.model, digest=None))
    assert subjects(none).model is None


def test_the_signature_of_the_envelope_is_standard_base64() -> None:
    document = json.loads(GOOD.to_json())
    assert base64.b64decode(document["signatures"][0]["sig"]) == b"12"
