"""Shut this process off: privileges, memory, network, files and system calls, as far as the system can.

It is called before anything else is loaded: Landlock and namespaces hold for the thread that asks for them, and
libraries start threads of their own. What did not take hold is told, and goes to the ledger.
"""

from __future__ import annotations

import ctypes
import os
import sys
import sysconfig
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

from explainkit.load.confined import landlock, seccomp

_SET_NO_NEW_PRIVS = 38
_NEW_USERS, _NEW_NETWORK = 0x10000000, 0x40000000
_CAPSET, _CAPABILITY_VERSION = {"x86_64": 126, "aarch64": 91}, 0x20080522
_DAC_OVERRIDE = 1 << 1
_LARGEST_FILE, _OPEN_FILES = 2**32, 256
MEASURES = ("privileges", "memory", "network", "files", "ports", "signals", "calls")
"""What is tried, in this order."""
_SYSTEM = (
    *("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/etc/localtime"),
    *("/usr/share/zoneinfo", "/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/sys/devices/system"),
    *("/sys/fs/cgroup", "/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"),
)
"""What Python and numerical libraries read besides themselves: how many processors there are, how late it is."""


def confine(model: Path, *, memory: int, without: Collection[str] = ()) -> tuple[str, ...]:
    """Shut this process off from everything but a model file and what Python imports from.

    Parameters
    ----------
    model : pathlib.Path
        The file that may be read.
    memory : int
        Bytes that it may hold.
    without : collection of str
        Measures to leave out, as if the system did not have them.

    Returns
    -------
    tuple of str
        The `MEASURES` that did not take hold.
    """
    if not sys.platform.startswith("linux"):
        return MEASURES
    libc = ctypes.CDLL(None, use_errno=True)
    held = dict.fromkeys(MEASURES, False)
    readable = [*_imported_from(), *map(Path, _SYSTEM), model]
    steps: Mapping[str, Callable[[], bool]] = {
        "privileges": partial(_give_up_privileges, libc),
        "memory": partial(_limit, memory),
        "network": partial(_leave_network, libc),
    }
    for name, step in steps.items():
        held[name] = name not in without and step()
    _drop_capabilities(libc)
    if "files" not in without:
        number = landlock.shut_off(libc, readable)
        held |= {"files": number >= 3, "ports": number >= 4, "signals": number >= 6}
    if "calls" not in without:
        held["calls"] = held["privileges"] and seccomp.filter_calls(libc, os.getpid())
    return tuple(name for name in MEASURES if not held[name] or name in without)


def _imported_from() -> list[Path]:
    """Folders of Python, its libraries and this package, and whatever else Python imports from."""
    schemes = [path for name, path in sysconfig.get_paths().items() if name in ("stdlib", "platstdlib", "purelib")]
    libraries = [path for path in os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep) if path]
    return [Path(path) for path in (sys.prefix, sys.base_prefix, *schemes, *libraries, *(p for p in sys.path if p))]


def _give_up_privileges(libc: ctypes.CDLL) -> bool:
    done: int = libc.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    return done == 0


def _limit(memory: int) -> bool:
    """Limit memory, files and their sizes; have the kernel end this process first should memory run out."""
    import resource

    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", "ascii")
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: _LARGEST_FILE,
        resource.RLIMIT_NOFILE: _OPEN_FILES,
        resource.RLIMIT_DATA: memory,
    }
    for limit, value in wanted.items():
        most = resource.getrlimit(limit)[1]
        value = value if most == resource.RLIM_INFINITY else min(value, most)
        try:
            resource.setrlimit(limit, (value, value))
        except (OSError, ValueError):
            return False
    return True


def _leave_network(libc: ctypes.CDLL) -> bool:
    """An empty network of its own; whoever may not make one may, in most systems, as a user of its own."""
    return any(libc.unshare(kind) == 0 for kind in (_NEW_NETWORK, _NEW_USERS | _NEW_NETWORK))


def _drop_capabilities(libc: ctypes.CDLL) -> None:
    """Keep of an administrator's rights only the one by which files of others are read, which Landlock limits."""
    import platform
    import struct

    number = _CAPSET.get(platform.machine())
    if number is None or os.geteuid() != 0:
        return
    head = struct.pack("=Ii", _CAPABILITY_VERSION, 0)
    libc.syscall(number, head, struct.pack("=6I", *([_DAC_OVERRIDE] * 2), 0, 0, 0, 0))
