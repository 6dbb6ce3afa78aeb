"""Which entry of MLflow a reference names, and how its tags and its description are read and written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from explainkit.errors import InputError
from explainkit.registries.mlflow.server import Server

BEGIN, END = "<!-- explainkit: begin -->", "<!-- explainkit: end -->"
"""Around what we write in a description; what stands outside is somebody else's and is kept."""
NOTE = "mlflow.note.content"
"""Tag that MLflow shows as the description of a run or a logged model."""

_LONGEST_DESCRIPTION = 5000
_ALLOWED = "models:/NAME/VERSION, models:/NAME@ALIAS, models:/m-ID, runs:/RUN_ID"
_LOGGED_MODEL = re.compile(r"m-[0-9a-f]{32}")
_BLOCK = re.compile(re.escape(BEGIN) + r".*?" + re.escape(END), re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A model version, a run or a logged model, and where its card is stored."""

    where: str
    """The reference."""
    name: str | None
    """Of the registered model, where the entry is one of its versions."""
    version: str | None
    run: str | None
    """Id of the run that made the model."""
    model: str | None
    """Id of the logged model."""
    experiment: str | None
    artifacts: str
    """Address of the artifacts that the card is stored among: the run's, else the logged model's."""
    source: str | None
    """Address of the model's artifacts; None where a run has none, or several models."""

    def tags(self, server: Server) -> Mapping[str, str]:
        """All tags as they are now."""
        if self.name is not None:
            found: Mapping[str, str] = server.ask("get_model_version", self.name, self.version).tags
            return found
        if self.model is not None:
            logged: Mapping[str, str] = server.ask("get_logged_model", self.model).tags
            return logged
        run: Mapping[str, str] = server.ask("get_run", self.run).data.tags
        return run

    def set_tag(self, server: Server, name: str, value: str) -> None:
        """Set one tag."""
        if self.name is not None:
            server.ask("set_model_version_tag", self.name, self.version, name, value)
        elif self.model is not None:
            server.ask("set_logged_model_tags", self.model, {name: value})
        else:
            server.ask("set_tag", self.run, name, value)

    def drop_tag(self, server: Server, name: str) -> None:
        """Remove one tag."""
        with suppress(InputError):  # somebody else removed it
            if self.name is not None:
                server.ask("delete_model_version_tag", self.name, self.version, name)
            elif self.model is not None:
                server.ask("delete_logged_model_tag", self.model, name)
            else:
                server.ask("delete_tag", self.run, name)

    def description(self, server: Server) -> str:
        """What the page of the entry says."""
        if self.name is not None:
            return server.ask("get_model_version", self.name, self.version).description or ""
        return self.tags(server).get(NOTE, "")

    def describe(self, server: Server, text: str) -> None:
        """Put a text in the place of the description."""
        if self.name is not None:
            server.ask("update_model_version", self.name, self.version, description=text)
        else:
            self.set_tag(server, NOTE, text)

    def page(self, folder: str) -> str | None:
        """Address of the artifacts in a folder in MLflow's page, from that page; None where there is none."""
        if self.run is None or self.experiment is None:
            return None
        return f"#/experiments/{self.experiment}/runs/{self.run}/artifacts/{folder}"


def find(server: Server, reference: str) -> Entry:
    """Find the entry that a reference names.

    Raises
    ------
    InputError
        If it is no such reference, or there is no such entry, or nothing that a card can be stored with.
    ServiceError
        If the server fails.
    """
    scheme, _, rest = reference.partition(":/")
    rest = rest.strip("/")
    if scheme == "runs" and rest and "/" not in rest:
        return _run(server, reference, rest)
    if scheme == "models" and _LOGGED_MODEL.fullmatch(rest):
        return _logged(server, reference, rest)
    name, slash, version = rest.rpartition("/")
    if scheme == "models" and slash and name and "/" not in name and re.fullmatch(r"[1-9][0-9]*", version):
        return _version(server, reference, server.ask("get_model_version", name, version))
    name, at, alias = rest.rpartition("@")
    if scheme == "models" and at and name and alias and "/" not in rest:
        return _version(server, reference, server.ask("get_model_version_by_alias", name, alias))
    raise InputError("not a reference to one model in MLflow", found=repr(reference), allowed=_ALLOWED)


def _run(server: Server, reference: str, run: str) -> Entry:
    found = server.ask("get_run", run)
    models = [m.model_id for m in (found.outputs.model_outputs if found.outputs else ())]
    source = None
    if len(models) == 1:
        source = server.ask("get_logged_model", models[0]).artifact_location
    return Entry(
        where=reference,
        name=None,
        version=None,
        run=run,
        model=None,
        experiment=found.info.experiment_id,
        artifacts=found.info.artifact_uri,
        source=source,
    )


def _logged(server: Server, reference: str, model: str) -> Entry:
    found = server.ask("get_logged_model", model)
    run = found.source_run_id or None
    return Entry(
        where=reference,
        name=None,
        version=None,
        run=run,
        model=model,
        experiment=found.experiment_id,
        artifacts=server.ask("get_run", run).info.artifact_uri if run else found.artifact_location,
        source=found.artifact_location,
    )


def _version(server: Server, reference: str, found: object) -> Entry:
    name, version, source = (str(getattr(found, part)) for part in ("name", "version", "source"))
    logged = _LOGGED_MODEL.search(source)
    model = logged[0] if logged else None
    run, experiment, artifacts = getattr(found, "run_id", None) or None, None, None
    if run is not None:
        info = server.ask("get_run", run).info
        experiment, artifacts = info.experiment_id, info.artifact_uri
    elif model is not None:
        artifacts = server.ask("get_logged_model", model).artifact_location
    if artifacts is None:
        raise InputError(
            "this version has neither a run nor a logged model, whose artifacts a card could be stored with",
            where=reference,
            remedy="register the model from a run: mlflow.register_model",
        )
    return Entry(
        where=reference,
        name=name,
        version=version,
        run=run,
        model=model,
        experiment=experiment,
        artifacts=artifacts,
        source=server.ask("get_model_version_download_uri", name, version),
    )


def with_block(description: str, block: str) -> str | None:
    """A description with our block in it, and everything else as it was; None where there is no room.

    Examples
    --------
    >>> print(with_block("Written by Ada.", "Card 1"))
    Written by Ada.
    <BLANKLINE>
    <!-- explainkit: begin -->
    Card 1
    <!-- explainkit: end -->
    """
    own = f"{BEGIN}\n{block}\n{END}"
    if _BLOCK.search(description):
        made = _BLOCK.sub(lambda _: own, description, count=1)
    else:
        made = f"{description.rstrip()}\n\n{own}" if description.strip() else own
    return made if len(made) <= _LONGEST_DESCRIPTION else None
