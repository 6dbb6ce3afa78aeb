"""Real servers on loopback, started and ended by whoever asks for them; a proxy before them fails on demand."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

START_SECONDS = 90


def free_port() -> int:
    """A port of loopback that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def program(name: str, place: str) -> str:
    """A program that ``tools/environment`` brings; without it a test is skipped, in CI it fails."""
    inside = Path(sys.prefix) / place
    found = str(inside) if inside.is_file() else shutil.which(name)
    if found is None:
        reason = f"{name} is missing: tools/environment .venv dev"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


class Server:
    """A process that answers HTTP at a port of loopback."""

    def __init__(self, command: list[str], *, port: int, health: str, folder: Path, **environment: str) -> None:
        self.port, self.folder = port, folder
        self.address = f"http://127.0.0.1:{port}"
        self._command, self._health, self._environment = command, health, environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self.folder,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **self._environment},
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(self.address + self._health, timeout=5):
                    return
            except urllib.error.HTTPError as error:
                error.close()
                return  # it answers, if only to ask who is there
            except OSError:
                time.sleep(0.05)
        self.stop(signal.SIGKILL)
        raise AssertionError((self.folder / "log").read_text()[-2000:])

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it with the processes that it started."""
        if self._process is None:
            return
        process, self._process = self._process, None
        for number in (how, signal.SIGKILL):
            try:
                os.killpg(process.pid, number)
            except ProcessLookupError:
                break
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                continue
        process.wait(timeout=10)


def mlflow_server(folder: Path) -> Server:
    """MLflow's tracking server with its default embedded store, not started yet."""
    python = program("no-such-program", "mlflow-server/bin/python")
    port = free_port()
    command = [python, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    settings = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    return Server(command, port=port, health="/health", folder=folder, **settings)


REGISTRY = """\
version: 0.1
storage:
  filesystem: {{rootdirectory: {folder}/data}}
  delete: {{enabled: true}}
{more}
http: {{addr: "127.0.0.1:{port}"}}
log: {{level: warn}}
"""


def container_registry(folder: Path, *, more: str = "") -> Server:
    """Debian's docker-registry, not started yet; `more` goes into its configuration."""
    registry = program("docker-registry", "docker-registry/usr/bin/docker-registry")
    port = free_port()
    (folder / "config.yml").write_text(REGISTRY.format(folder=folder, port=port, more=more))
    return Server([registry, "serve", str(folder / "config.yml")], port=port, health="/v2/", folder=folder)


Fault = Callable[[str, str, int], int | None]
"""Of method, path and the number of the request, counted from 1: None passes it on, a status answers it with that
status, 0 closes the connection, a negative number waits so many seconds first."""


class Proxy:
    """A proxy before a server, which fails where it is told to."""

    def __init__(self, port: int, fault: Fault) -> None:
        self.seen: list[tuple[str, str]] = []
        self.headers: dict[str, str] = {}
        """Added to every answer."""
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments: object) -> None:
                pass

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                proxy.seen.append((self.command, self.path))
                status = fault(self.command, self.path, len(proxy.seen))
                if status is not None and status < 0:
                    time.sleep(-status)
                    status = None
                if status == 0:
                    self.close_connection = True
                    return
                if status is not None:
                    self._send(status, [], b'{"errors":[{"code":"DENIED","message":"refused by a test"}]}')
                    return
                with (
                    contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as onward,
                    contextlib.suppress(ConnectionError),  # either side may be gone
                ):
                    kept = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")}
                    kept["Host"] = self.headers["Host"]  # a registry answers with addresses of the host that was asked
                    onward.request(self.command, self.path, body=body, headers=kept)
                    found = onward.getresponse()
                    data = found.read()
                    length = found.headers.get("Content-Length") if self.command == "HEAD" else None
                    self._send(found.status, list(found.headers.items()), data, length=length)
                    return
                self.close_connection = True

            def _send(
                self, status: int, headers: list[tuple[str, str]], data: bytes, *, length: str | None = None
            ) -> None:
                self.send_response(status)
                for name, value in [*headers, *proxy.headers.items()]:
                    if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                        self.send_header(name, value)
                self.send_header("Content-Length", length or str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer  # noqa: N815

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> Proxy:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
