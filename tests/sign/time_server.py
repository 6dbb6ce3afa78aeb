"""A real time stamp server on loopback: OpenSSL makes the time stamps, a small server carries them."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.sign.certificate_kit import PEM, authority, identity, usage, write_certificate

SETTINGS = """\
[tsa]
default_tsa = own
[own]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
tsa_name = no
"""


class TimeServer:
    """What it stamps with, and how it behaves."""

    def __init__(self, folder: Path, *, purpose: bool = True, days: int = 365) -> None:
        root = authority(f"TEST time authority {days}", kind="rsa3072t", days=(-1, 2 * days))
        extensions: list[x509.ExtensionType] = [usage(commitment=False)]
        own = identity("TEST time server", issuer=root, kind="rsa3072u", extensions=tuple(extensions))
        if purpose:
            own = stamping(root, days=days)
        self.folder = folder
        self.ca = write_certificate(folder / "time-ca.pem", root)
        write_certificate(folder / "time.pem", own)
        (folder / "time.key").write_bytes(
            own.key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        (folder / "tsa.cnf").write_text(SETTINGS.format(folder=folder))
        (folder / "serial").write_text("01\n")
        self.behaviour = "honest"
        self.asked = 0
        self.lock = threading.Lock()
        self.kept: bytes | None = None

    def answer(self, query: bytes) -> bytes:
        """A time stamp by OpenSSL."""
        with self.lock:
            (self.folder / "query.tsq").write_bytes(query)
            subprocess.run(
                [
                    *("openssl", "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query.tsq"),
                    *("-signer", "time.pem", "-inkey", "time.key", "-chain", "time-ca.pem", "-out", "reply.tsr"),
                ],
                cwd=self.folder,
                check=True,
                capture_output=True,
                timeout=30,
            )
            return (self.folder / "reply.tsr").read_bytes()


def stamping(root: Any, *, days: int = 365) -> Any:
    """A certificate that may stamp the time and nothing else: the purpose is critical (RFC 3161, 2.3)."""
    from cryptography.hazmat.primitives import hashes

    from tests.sign.certificate_kit import Identity

    plain = identity(
        "TEST time server", issuer=root, kind="rsa3072u", extensions=(usage(commitment=False),), days=(-1, days)
    )
    old = plain.certificate
    builder = (
        x509.CertificateBuilder()
        .subject_name(old.subject)
        .issuer_name(old.issuer)
        .public_key(old.public_key())
        .serial_number(old.serial_number)
        .not_valid_before(old.not_valid_before_utc)
        .not_valid_after(old.not_valid_after_utc)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    )
    for extension in old.extensions:
        builder = builder.add_extension(extension.value, critical=extension.critical)
    return Identity(certificate=builder.sign(root.key, hashes.SHA256()), key=plain.key)


@contextmanager
def served(server: TimeServer) -> Iterator[str]:
    """Address of the server while it runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            server.asked += 1
            query = self.rfile.read(int(self.headers["Content-Length"]))
            kind, status, data = "application/timestamp-reply", 200, b""
            if server.behaviour == "slow":
                time.sleep(3)
            if server.behaviour == "broken" or (server.behaviour == "once broken" and server.asked == 1):
                status = 503
            elif server.behaviour == "forbidden":
                status = 403
            elif server.behaviour == "garbage":
                data = b"\x30\x03garbage"
            elif server.behaviour == "page":
                kind, data = "text/html", b"<p>Log in"
            elif server.behaviour == "old" and server.kept is not None:
                data = server.kept
            elif server.behaviour == "elsewhere":
                status = 302
            else:
                data = server.kept = server.answer(query)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            if status == 302:
                self.send_header("Location", self.path + "/elsewhere")
            self.end_headers()
            with suppress(OSError):  # whoever asked may have gone
                self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{http.server_port}/tsa"
    finally:
        http.shutdown()
        http.server_close()
        thread.join(10)
