"""The one module that imports onnx and onnxruntime, and only when it is called."""

from __future__ import annotations

from typing import Any

from explainkit.errors import MissingExtraError


def onnx() -> Any:
    """The library that reads graphs.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    try:
        import onnx as library
        import onnx.helper
        import onnx.numpy_helper
        import onnx.shape_inference
    except ImportError:
        raise MissingExtraError("onnx", extra="onnx", needed_for="this model") from None
    return library


def runtime() -> Any:
    """The library that runs them.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    try:
        import onnxruntime
    except ImportError:
        raise MissingExtraError("onnxruntime", extra="onnx", needed_for="this model") from None
    onnxruntime.disable_telemetry_events()
    onnxruntime.set_default_logger_severity(4)
    return onnxruntime


def refusals() -> tuple[type[Exception], ...]:
    """What ONNX Runtime raises; its errors have no class of their own above them."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    own = [kind for kind in vars(state).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    return (*own, RuntimeError, ValueError)


def versions() -> str:
    """Name and version of what runs a model."""
    return f"onnxruntime {runtime().__version__}"
