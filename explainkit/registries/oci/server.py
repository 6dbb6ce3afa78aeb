"""An OCI registry, through the oras library: the one place that imports it, and where its errors become ours.

https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
"""

from __future__ import annotations

import ipaddress
import json
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urljoin

from explainkit.artifact import sha256_of
from explainkit.errors import ExplainkitError, InputError, MissingExtraError, ServiceError, VerificationError

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
LARGEST_MANIFEST = 4 * 2**20
"""Bytes; registries take no larger one."""

_TIMEOUT_SECONDS = 30
_TRIES = 3
_PAUSE_SECONDS = 0.5
_ACCEPTED = (MANIFEST_TYPE, INDEX_TYPE, "application/vnd.docker.distribution.manifest.v2+json")
_AGAIN = {408, 429, 500, 502, 503, 504}
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A manifest or an index, with its very bytes."""

    media_type: str
    data: bytes

    @property
    def digest(self) -> str:
        """``sha256:…``."""
        return "sha256:" + sha256_of(self.data)

    @property
    def document(self) -> dict[str, Any]:
        """What it says.

        Raises
        ------
        VerificationError
            If it is no JSON object.
        """
        try:
            found = json.loads(self.data)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise VerificationError("not a manifest", where=self.digest)
        return found

    def descriptor(self) -> dict[str, Any]:
        """How others refer to it."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.data)}


class Repository:
    """One repository of a registry, whose errors name the reference concerned.

    Parameters
    ----------
    host : str
        With its port; plain HTTP is spoken with this machine alone.
    name : str
        Of the repository.
    where : str
        The reference, for messages.

    Raises
    ------
    MissingExtraError
        If the oras library is not installed.
    """

    def __init__(self, host: str, name: str, where: str) -> None:
        try:
            import oras.auth
            import oras.container
            import oras.provider
        except ImportError:
            raise MissingExtraError("oras", extra="oci", needed_for="oci://") from None
        self._where, self._host = where, host
        self._client: Any = oras.provider.Registry(hostname=host, insecure=_is_loopback(host))
        self._container: Any = oras.container.Container(f"{host}/{name}")
        # Its own waits go on for minutes, and its requests have no limit of time.
        self._request: Callable[..., Any] = oras.provider.Registry.do_request.__wrapped__
        session = self._client.session.request
        self._client.session.request = lambda *given, **named: session(*given, timeout=_TIMEOUT_SECONDS, **named)
        self._client.do_request = self._do
        if self._challenge().startswith("basic"):
            self._client.auth = oras.auth.get_auth_backend("basic", self._client.session)
            self._client.auth.set_basic_auth(os.environ.get("ORAS_USER", ""), os.environ.get("ORAS_PASS", ""))
        self._client.auth.load_configs(self._container)
        logging.getLogger("oras").setLevel(logging.CRITICAL)  # what goes wrong is said once, by us

    def manifest(self, name: str) -> Manifest | None:
        """The manifest of a tag or a digest; None where there is none."""
        headers = {"Accept": ", ".join(_ACCEPTED)}
        answer = self._ask(lambda: self._client.do_request(self._url(f"manifests/{name}"), "GET", headers=headers))
        if answer.status_code == 404:
            return None
        self._check(answer)
        if len(answer.content) > LARGEST_MANIFEST:
            raise VerificationError("too large for a manifest", where=self._where, found=f"{len(answer.content)} bytes")
        made = Manifest(media_type=answer.headers.get("Content-Type", MANIFEST_TYPE), data=answer.content)
        if name.startswith("sha256:") and made.digest != name:
            raise VerificationError("the registry answers with another manifest", where=self._where, found=made.digest)
        return made

    def put_manifest(self, manifest: Manifest, name: str) -> bool:
        """Store a manifest under a tag or its digest; whether the registry keeps a list of referrers itself."""
        answer = self._ask(
            lambda: self._client.do_request(
                self._url(f"manifests/{name}"),
                "PUT",
                data=manifest.data,
                headers={"Content-Type": manifest.media_type},
            )
        )
        self._check(answer)
        return "OCI-Subject" in answer.headers

    def tags(self) -> list[str]:
        """All tags; none where there is no such repository yet."""
        return list(self._ask(lambda: self._client.get_tags(self._container)))

    def put_blob(self, data: bytes) -> str:
        """Store bytes, unless they are there; their digest."""
        digest = "sha256:" + sha256_of(data)
        if self._ask(lambda: self._client.blob_exists({"digest": digest}, self._container)):
            return digest
        # The library's own upload takes any answer for an upload that has begun.
        begun = self._ask(lambda: self._client.do_request(self._url("blobs/uploads/"), "POST"))
        self._check(begun)
        place = urljoin(self._url("blobs/uploads/"), begun.headers.get("Location", ""))
        target = f"{place}{'&' if '?' in place else '?'}digest={digest}"
        kind = {"Content-Type": "application/octet-stream"}
        self._check(self._ask(lambda: self._client.do_request(target, "PUT", data=data, headers=kind)))
        return digest

    def blob(self, digest: str, *, most: int) -> bytes:
        """The bytes of a digest, at most so many.

        Raises
        ------
        VerificationError
            If they are others, more, or not there.
        """
        answer = self._ask(lambda: self._client.get_blob(self._container, digest, stream=True))
        if answer.status_code == 404:
            answer.close()
            raise VerificationError("the stored card is not complete", where=self._where, found=f"no {digest}")
        self._check(answer)
        data = self._ask(lambda: self._read(answer, most))
        if "sha256:" + sha256_of(data) != digest:
            raise VerificationError("the stored card was changed", where=self._where, found=f"other bytes for {digest}")
        return data

    @staticmethod
    def _read(answer: Any, most: int) -> bytes:
        with answer:
            parts: list[bytes] = []
            for part in answer.iter_content(chunk_size=1 << 20):
                parts.append(part)
                if sum(map(len, parts)) > most:
                    break
            return b"".join(parts)

    def _challenge(self) -> str:
        """How the registry wants to be told who asks; ``""`` where it does not."""
        answer = self._ask(lambda: self._client.session.get(f"{self._client.prefix}://{self._host}/v2/"))
        return str(answer.headers.get("WWW-Authenticate", "")).lower()

    def _url(self, path: str) -> str:
        return f"{self._client.prefix}://{self._host}/v2/{self._container.api_prefix}/{path}"

    def _do(self, *given: Any, **named: Any) -> Any:
        """A request, again for a moment where the registry is busy or gone."""
        for left in reversed(range(_TRIES)):
            try:
                answer = self._request(self._client, *given, **named)
            except OSError:  # requests raises nothing else
                if not left:
                    raise
            else:
                if not left or answer.status_code not in _AGAIN:
                    return answer
                answer.close()
            time.sleep(_PAUSE_SECONDS * (_TRIES - left))
        raise AssertionError("a last try ends above")

    def _ask(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except OSError as error:
            raise self._failed(_one_line(error)) from error
        except ValueError as error:  # what oras makes of an answer that it does not like
            if "auth" in str(error).lower():
                raise self._forbidden(_one_line(error)) from error
            raise self._failed(_one_line(error)) from error
        except Exception as error:
            if type(error).__module__.partition(".")[0] == "oras":
                raise self._forbidden(_one_line(error)) from error
            raise

    def _check(self, answer: Any) -> None:
        status = answer.status_code
        if status < 300:
            return
        found = f"{status} {answer.reason}: {_one_line(answer.text)}"
        if status in (401, 403):
            raise self._forbidden(found)
        if status == 405:
            raise ServiceError(f"{self._host} takes nothing in: it is read-only", where=self._where, found=found)
        if status == 400 or status == 404:
            raise InputError("the registry has no such place, or cannot take it", where=self._where, found=found)
        raise self._failed(found)

    def _failed(self, found: str) -> ExplainkitError:
        return ServiceError(
            f"the registry at {self._host} failed",
            where=self._where,
            found=found,
            remedy="nothing was lost; try again",
        )

    def _forbidden(self, found: str) -> ExplainkitError:
        return ServiceError(
            f"the registry at {self._host} gives no permission",
            where=self._where,
            found=found,
            remedy="log in: docker login, podman login or oras login",
        )


def _is_loopback(host: str) -> bool:
    name = host.rsplit(":", 1)[0].strip("[]")
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _one_line(text: object) -> str:
    return " ".join(str(text).split())[:300]
