"""Names that pickles of models hold: what is not listed here is shown to whoever is about to trust one.

That a name is listed does not say that it can do no harm: what a class does with its arguments is up to its library.
"""

from __future__ import annotations

import re

_CLASSES = re.compile(
    r"(?:(?:catboost|lightgbm|sklearn|xgboost)(?:\.\w+)*|pandas(?:\.(?:_libs|arrays|core)(?:\.\w+)*)?)\._*[A-Z]\w*"
)
"""Names that begin like those of classes, in libraries of models."""
_FILES = re.compile(r"pandas\.(?:Excel|HDF)\w+")
"""Classes that open files when they are made."""
_BUILTINS = re.compile(
    r"(?:builtins|__builtin__)\.(?:bool|bytearray|bytes|complex|dict|float|frozenset|int|list|object|set|slice|str|tuple)"
)
_NUMPY = re.compile(r"numpy\.(?:bool_?|str_|bytes_|object_|u?int\d+|float\d+|complex\d+|datetime64|timedelta64)")
_SPARSE = re.compile(r"scipy\.sparse\._\w+\.(?:bsr|coo|csc|csr|dia|dok|lil)_(?:matrix|array)")
_NAMES = frozenset(
    (
        *("_codecs.encode", "collections.Counter", "collections.OrderedDict", "collections.defaultdict"),
        *("collections.deque", "copyreg._reconstructor", "copy_reg._reconstructor", "functools.partial"),
        *("joblib.numpy_pickle.NumpyArrayWrapper", "numpy.dtype", "numpy.matrix", "numpy.ndarray"),
        *("numpy._core.multiarray._reconstruct", "numpy._core.multiarray.scalar", "numpy._core.numeric._frombuffer"),
        *("numpy.core.multiarray._reconstruct", "numpy.core.multiarray.scalar", "numpy.core.numeric._frombuffer"),
        *("numpy.ma.MaskedArray", "numpy.ma.core._mareconstruct", "numpy.random._mt19937.MT19937"),
        *("numpy.random._pcg64.PCG64", "numpy.random._pickle.__bit_generator_ctor"),
        *("numpy.random._pickle.__generator_ctor", "numpy.random._pickle.__randomstate_ctor"),
        *("numpy.random.bit_generator.SeedSequence", "numpy.random.bit_generator.__pyx_unpickle_SeedSequence"),
        *("pandas._libs.arrays.__pyx_unpickle_NDArrayBacked", "pandas._libs.internals._unpickle_block"),
        *("pandas.core.indexes.base._new_Index", "pyarrow.lib._restore_array", "pyarrow.lib.py_buffer"),
        *("pyarrow.lib.type_for_alias", "sklearn.metrics._dist_metrics.newObj", "sklearn.neighbors._ball_tree.newObj"),
        *("sklearn.neighbors._kd_tree.newObj", "sklearn.utils.validation.check_array"),
    )
)


def is_known(name: str) -> bool:
    """Whether pickles of models hold such a name, as `pickle_scan.full_name` writes it."""
    known = (_CLASSES, _BUILTINS, _NUMPY, _SPARSE)
    return name in _NAMES or (any(pattern.fullmatch(name) for pattern in known) and not _FILES.fullmatch(name))
