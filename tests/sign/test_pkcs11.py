"""Keys in hardware sign releases, and what is wrong with one is said in one line; the token is a real softhsm2."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explainkit.errors import InputError, MissingExtraError, ServiceError
from explainkit.sign import tokens as tokens_module
from explainkit.sign.certificates import read_pem, signer_name
from explainkit.sign.child import sign_in_child
from explainkit.sign.keys import Signer
from explainkit.sign.release import sign_release
from explainkit.sign.token_uri import TokenKey, is_uri, parse_uri
from explainkit.sign.verification import verify_release
from tests.sign.builders import read, write
from tests.sign.token_kit import MODULE, PIN, TOKEN, Tokens, make_tokens, require_softhsm

FOLDER = "signatures/01-provider"
ENDS = f"?module-path={MODULE}"


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tokens]:
    """Tokens that only this module and its children see."""
    require_softhsm()
    folder = tmp_path_factory.mktemp("softhsm")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(folder / "conf"))
        yield make_tokens(folder)


def described(name: str, **changes: Any) -> Signer:
    """An unchecked signer."""
    key = TokenKey(module=MODULE, token=TOKEN, label=name)
    return Signer(**{"kind": "pkcs11", "key": key, "passphrase": PIN, **changes})


# Signing


@pytest.fixture(scope="module")
def signed(tokens: Tokens, tmp_path_factory: pytest.TempPathFactory, unsigned_files: dict[str, bytes]) -> Path:
    """A release that a child process signed with the token."""
    folder = write(tmp_path_factory.mktemp("token") / "release", unsigned_files)
    signer = Signer.from_pkcs11(MODULE, token=TOKEN, key_label="seal", key_id=b"\1", pin=PIN)
    sign_in_child(folder, signer)
    return folder


def test_a_release_is_signed_in_a_child(signed: Path, tokens: Tokens) -> None:
    found = verify_release(signed, trust=[tokens.ca])
    assert (found.state, found.reasons) == ("valid", ())
    assert [s.kind for s in found.signatures] == ["dsse", "cades", "cades", "pades"]
    assert read_pem(signed / FOLDER / "chain.pem") == read_pem(tokens.seal)
    assert "TEST" in (signed / "card.html").read_text("utf-8")


@pytest.mark.parametrize("name", ["card.json", "card.html"])
def test_openssl_checks_the_signatures(signed: Path, tokens: Tokens, name: str) -> None:
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", f"{FOLDER}/{name}.p7s"]
    command += ["-content", name, "-CAfile", str(tokens.ca), "-purpose", "any", "-cades", "-out", os.devnull]
    done = subprocess.run(command, cwd=signed, capture_output=True, text=True, check=False)
    assert "CAdES Verification successful" in done.stderr


def test_a_key_that_wants_its_pin_for_each_signature(
    tokens: Tokens, tmp_path: Path, unsigned_files: dict[str, bytes]
) -> None:
    folder = write(tmp_path / "r", unsigned_files)
    signer = described("guarded")
    with signer.open() as key:
        assert key.pin == PIN
        assert PIN not in repr(key)
    sign_release(folder, signer)
    assert verify_release(folder, trust=[tokens.ca]).state == "valid"


def test_the_certificate_can_come_from_a_file(tokens: Tokens, tmp_path: Path, unsigned_files: dict[str, bytes]) -> None:
    folder = write(tmp_path / "r", unsigned_files)
    signer = Signer.from_pkcs11(
        MODULE, token=TOKEN, key_id=b"\1", pin=PIN, certificate=tokens.seal, chain=[str(tokens.ca)]
    )
    sign_release(folder, signer)
    assert verify_release(folder, trust=[tokens.ca]).state == "valid"


def test_the_key_cannot_be_had_and_the_session_ends(tokens: Tokens) -> None:
    import pkcs11

    with described("seal").open() as key:
        assert [signer_name(c) for c in key.chain] == ["TEST seal in a token"]
        (private,) = key.session.get_objects(
            {pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY, pkcs11.Attribute.LABEL: "seal"}
        )
        with pytest.raises(pkcs11.PKCS11Error):
            private[pkcs11.Attribute.PRIVATE_EXPONENT]
        with pytest.raises(InputError, match="this process has the token open already"):
            described("seal").open()
        private[pkcs11.Attribute.LABEL]  # the refused one has not ended this one
    assert not pkcs11._loaded[str(MODULE)].initialized
    with pytest.raises(InputError, match="the PIN is wrong"):  # nobody is logged in any more
        described("seal", passphrase="wrong").open()
    with described("seal").open():
        pass


def test_a_token_that_fails_while_signing(tokens: Tokens, tmp_path: Path, unsigned_files: dict[str, bytes]) -> None:
    class Forgetful(Signer):
        def open(self) -> Any:
            return dataclasses.replace(super().open(), pin="forgotten")  # this key wants it for each signature

    signer = Forgetful(kind="pkcs11", key=described("guarded").key, passphrase=PIN)
    folder = write(tmp_path / "r", unsigned_files)
    with pytest.raises(ServiceError, match="the token failed while signing") as caught:
        sign_release(folder, signer)
    assert caught.value.exit_code == 5
    assert "forgotten" not in str(caught.value)
    assert read(folder) == unsigned_files


# Refusals, each one clear line

REFUSALS: dict[str, tuple[dict[str, Any], str]] = {
    "wrong pin": ({"passphrase": "wrong"}, "the PIN is wrong; remedy: it was tried once"),
    "no pin": ({"passphrase": ""}, "the token needs its PIN"),
    "no module": ({"module": Path("/nowhere/token.so")}, "/nowhere/token.so: no such PKCS#11 module"),
    "no library": ({"module": Path(__file__)}, "the PKCS#11 module cannot be used"),
    "other library": ({"module": "libc"}, "the PKCS#11 module cannot be used"),
    "no token": ({"token": "TEST tokem"}, "no such token; remedy: did you mean 'TEST token'?"),
    "two tokens": ({"token": "TEST twin"}, "more than one token has this label"),
    "no key": (
        {"label": "sael"},
        r"no such private key in the token; remedy: known: \S*object=seal;id=%01 .* and 1 more$",
    ),
    "other id": ({"label": "seal", "id": b"\2"}, "no such private key in the token"),
    "two keys": ({"label": "double"}, "more than one key has this name; remedy: name it by object and id"),
    "no certificate": ({"label": "bare"}, "one certificate is due beside the key; found 0; .*--certificate"),
    "stranger": ({"label": "stranger"}, "the private key does not belong to the certificate"),
    "curve": ({"label": "curve"}, "this key cannot sign a release; found a key of the kind EC; allowed: RSA"),
    "expired": ({"label": "expired"}, "the certificate is not valid now; found TEST old: expired on"),
    "short": ({"label": "short"}, "2048 bits, fewer than 3072"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refusals(tokens: Tokens, tmp_path: Path, unsigned_files: dict[str, bytes], case: str) -> None:
    changes, message = REFUSALS[case]
    place = {"module": MODULE, "token": TOKEN, "label": "seal", **changes}
    word = place.pop("passphrase", PIN)
    if place["module"] == "libc":
        place["module"] = next(Path("/lib").glob("*/libm.so.6"), None) or pytest.skip("no such library here")
    signer = Signer(kind="pkcs11", key=TokenKey(**place), passphrase=word)
    folder = write(tmp_path / "r", unsigned_files)
    for sign in (sign_release, sign_in_child) if case == "wrong pin" else (sign_release,):
        with pytest.raises(InputError, match=message) as caught:
            sign(folder, signer)
        assert caught.value.exit_code == 2
        assert "\n" not in str(caught.value)
        assert PIN not in str(caught.value)
    assert read(folder) == unsigned_files


def test_certificates_in_files_are_checked_too(tokens: Tokens, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="root.pem: this certificate cannot sign a release; found TEST root"):
        Signer.from_pkcs11(MODULE, token=TOKEN, key_label="seal", pin=PIN, certificate=tokens.ca)
    with pytest.raises(InputError, match="the private key does not belong to the certificate"):
        Signer.from_pkcs11(MODULE, token=TOKEN, key_label="bare", pin=PIN, certificate=tokens.seal)
    with pytest.raises(InputError, match="absent.pem: no such file"):
        Signer.from_pkcs11(MODULE, token=TOKEN, key_label="seal", pin=PIN, certificate=tmp_path / "absent.pem")
    with pytest.raises(InputError, match="which key of which token"):
        Signer.from_pkcs11(MODULE, token=TOKEN, pin=PIN)


def test_without_the_extra_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    with pytest.raises(MissingExtraError) as caught:
        Signer.from_pkcs11(MODULE, token=TOKEN, key_label="seal", pin=PIN)
    assert str(caught.value) == (
        "python-pkcs11 is needed for keys in hardware and is not installed; remedy: pip install 'explainkit[pkcs11]'"
    )


# The command line


@pytest.fixture
def spied(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What child processes are started with, and how often a token is logged in to."""
    seen: dict[str, Any] = {"children": [], "logins": 0}
    start, find = subprocess.Popen.__init__, tokens_module._token

    def started(self: Any, command: Any, **options: Any) -> None:
        seen["children"].append((command, options.get("env") or dict(os.environ)))
        start(self, command, **options)

    class Counted:
        def __init__(self, token: Any) -> None:
            self.token = token

        def open(self, **options: Any) -> Any:
            seen["logins"] += 1
            return self.token.open(**options)

    monkeypatch.setattr(subprocess.Popen, "__init__", started)
    monkeypatch.setattr(tokens_module, "_token", lambda library, place: Counted(find(library, place)))
    return seen


def test_a_pin_stays_out_of_the_children_of_the_command(
    tokens: Tokens,
    tmp_path: Path,
    unsigned_files: dict[str, bytes],
    spied: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from explainkit.cli.sign_command import command

    folder = write(tmp_path / "r", unsigned_files)
    monkeypatch.setenv("SEAL_PIN", PIN)
    arguments = [str(folder), "--key", f"pkcs11:token=TEST%20token;object=seal{ENDS}", "--passphrase-env", "SEAL_PIN"]
    assert command.main([*arguments, "--quiet"], standalone_mode=False) == 0
    assert verify_release(folder, trust=[tokens.ca]).state == "valid"
    ((argv, environment),) = spied["children"]
    assert PIN not in " ".join(argv)
    assert PIN not in " ".join(environment.values())


def test_a_wrong_pin_is_tried_once(
    tokens: Tokens,
    tmp_path: Path,
    unsigned_files: dict[str, bytes],
    spied: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from explainkit.cli.sign_command import command

    folder = write(tmp_path / "r", unsigned_files)
    monkeypatch.setenv("SEAL_PIN", "wrong-2846")
    arguments = [str(folder), "--key", f"pkcs11:token=TEST%20token;object=seal{ENDS}", "--passphrase-env", "SEAL_PIN"]
    with pytest.raises(InputError, match="the PIN is wrong") as caught:
        command.main(arguments, standalone_mode=False)
    assert "2846" not in str(caught.value)
    assert (spied["logins"], spied["children"]) == (1, [])
    assert read(folder) == unsigned_files
    assert [p.name for p in tmp_path.iterdir()] == ["r"]


def explainkit(*arguments: object, folder: Path, pin: str | None = PIN) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own; the PIN through a pipe."""
    inlet, outlet = os.pipe()
    os.write(outlet, f"{pin}\n".encode())
    os.close(outlet)
    more = [] if pin is None else ["--passphrase-fd", str(inlet)]
    try:
        return subprocess.run(
            [sys.executable, "-m", "explainkit", *map(str, arguments), *more],
            cwd=folder,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            pass_fds=[inlet],
            timeout=300,
            check=False,
        )
    finally:
        os.close(inlet)


COMMANDS: dict[str, tuple[str, str | None, str]] = {
    "wrong pin": (f"pkcs11:token=TEST%20token;object=seal{ENDS}", "wrong-2846", "the PIN is wrong"),
    "no pin": (f"pkcs11:token=TEST%20token;object=seal{ENDS}", None, "the key needs a PIN and there is no terminal"),
    "no module": ("pkcs11:token=TEST%20token;object=seal?module-path=/nowhere.so", PIN, "no such PKCS#11 module"),
    "no token": (f"pkcs11:token=TEST;object=seal{ENDS}", PIN, "no such token"),
    "no key": (f"pkcs11:token=TEST%20token;object=sael{ENDS}", PIN, "no such private key in the token"),
    "stranger": (f"pkcs11:token=TEST%20token;object=stranger{ENDS}", PIN, "does not belong to the certificate"),
    "curve": (f"pkcs11:token=TEST%20token;id=%04{ENDS}", PIN, "found a key of the kind EC"),
    "pin in the uri": (
        f"pkcs11:token=TEST%20token;object=seal{ENDS}&pin-value=wrong-2846",
        PIN,
        "a PIN does not stand",
    ),
}


@pytest.mark.parametrize("case", COMMANDS)
def test_errors_of_the_command(tokens: Tokens, tmp_path: Path, unsigned_files: dict[str, bytes], case: str) -> None:
    uri, pin, message = COMMANDS[case]
    folder = write(tmp_path / "r", unsigned_files)
    done = explainkit("sign", "r", "--key", uri, folder=tmp_path, pin=pin)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert message in line
    assert PIN not in line
    assert "2846" not in line
    assert read(folder) == unsigned_files
    assert [p.name for p in tmp_path.iterdir()] == ["r"]


@pytest.mark.slow
def test_an_audit_signed_with_a_token(tokens: Tokens, tmp_path: Path) -> None:
    import skops.io
    from sklearn.linear_model import LogisticRegression

    from tests.cli.made_up import PLAN, rows

    data = rows()
    data.to_csv(tmp_path / "rows.csv", index=False)
    skops.io.dump(LogisticRegression().fit(data[["income", "debt"]], data["bad"]), tmp_path / "model.skops")
    (tmp_path / "audit.toml").write_text(PLAN)
    before = sorted(tmp_path.iterdir())
    uri = f"pkcs11:token=TEST%20token;object=seal;type=private{ENDS}"
    done = explainkit("audit", "audit.toml", "--key", uri, "--quiet", folder=tmp_path, pin="wrong-2846")
    assert done.returncode == 2, done.stderr
    assert "the PIN is wrong" in done.stderr
    assert sorted(tmp_path.iterdir()) == before
    done = explainkit("audit", "audit.toml", "--key", uri, "--certificate", tokens.seal, "--quiet", folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert verify_release(tmp_path / "release", trust=[tokens.ca]).state == "valid"


# PKCS#11 URIs

NAMES = st.text(min_size=1, max_size=20).filter(
    lambda s: "\0" not in s and not any("\ud800" <= c <= "\udfff" for c in s)
)


@given(token=NAMES, label=st.none() | NAMES, id_=st.binary(min_size=1, max_size=20), module=NAMES)
def test_a_uri_round_trips(token: str, label: str | None, id_: bytes, module: str) -> None:
    key = TokenKey(module=Path("/", *module.split("/")), token=token, label=label, id=id_)
    assert is_uri(key.uri())
    assert key.uri().isascii()
    assert " " not in key.uri()
    assert parse_uri(key.uri()) == key


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("pkcs11:object=a?module-path=/m.so", "found no token"),
        ("pkcs11:token=a?module-path=/m.so", "found no token, no object or id"),
        ("pkcs11:token=a;object=b", "or no module-path"),
        ("pkcs11:", "found no token"),
        ("pkcs11:token=a;object=b?module-path=m.so", "a module-path that does not begin with /"),
        ("pkcs11:token=a;object=b;object=c?module-path=/m.so", "object twice"),
        ("pkcs11:token=a;object=?module-path=/m.so", "characters in object"),
        ("pkcs11:token=a b;object=b?module-path=/m.so", "characters in token"),
        ("pkcs11:token=a%2;object=b?module-path=/m.so", "characters in token"),
        ("pkcs11:token=a%00;object=b?module-path=/m.so", "characters in token"),
        ("pkcs11:token=ä;object=b?module-path=/m.so", "characters in token"),
        ("pkcs11:token=%FF;object=b?module-path=/m.so", "a name that is not UTF-8"),
        ("pkcs11:token=a;serial=1;object=b?module-path=/m.so", "something else than token, object, id, type"),
        ("pkcs11:token=a;object=b?pin-source=/f&module-path=/m.so", "something else than module-path"),
        ("pkcs11:token=a;object=b;type=public?module-path=/m.so", "a type other than private"),
        ("pkcs11:token=a;object=b?module-path=/m.so?x", None),
    ],
)
def test_uris_are_read_strictly(uri: str, message: str | None) -> None:
    if message is None:
        assert parse_uri(uri).module == Path("/m.so?x")
        return
    with pytest.raises(InputError, match="pkcs11 URI: not the URI of a key in a token") as caught:
        parse_uri(uri)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "uri",
    [
        "pkcs11:token=a;object=b?module-path=/m.so&pin-value=2846",
        "PKCS11:token=a;object=b;pin-value=2846?module-path=/m.so",
        "pkcs11:token=a&pin-value=2846;object=b?module-path=/m.so",
        "pkcs11:token=a;object=b?module-path=/m.so;pin-value=2846",
        "pkcs11:token=a;object=b?module-path=/m.so&%70in-value=2846",
        "pkcs11:token=a;object=b?module-path=/m.so&pin=2846",
        "pkcs11:token=a;object=b;2846",
        "pkcs11:token=a;object=b?module-path=28 46/2846",
    ],
)
def test_a_pin_in_a_uri_is_refused_and_not_repeated(uri: str) -> None:
    assert is_uri(uri)
    with pytest.raises(InputError) as caught:
        parse_uri(uri)
    assert "2846" not in str(caught.value)
    assert "pin-value" not in uri or "--passphrase-fd N" in str(caught.value)


def test_a_signer_goes_to_a_child_and_comes_back() -> None:
    signer = described("a label; with %?", certificate=Path("/c.pem"), chain=(Path("/d.pem"),))
    assert Signer.from_job(signer.to_job()) == signer
    assert quote("a label; with %?") in signer.to_job()["key"]
    assert PIN not in repr(signer)
