"""Model artifacts in a container registry, pushed as a user of the oras library would."""

from __future__ import annotations

import warnings
from pathlib import Path


def push_model(address: str, name: str, tag: str, *files: Path) -> str:
    """Push files as one artifact; the reference to it."""
    import oras.client

    host = address.removeprefix("http://")
    client = oras.client.OrasClient(hostname=host, insecure=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        answer = client.push(
            files=[str(file) for file in files], target=f"{host}/{name}:{tag}", disable_path_validation=True
        )
    assert answer.status_code == 201
    return f"oci://{host}/{name}:{tag}"
