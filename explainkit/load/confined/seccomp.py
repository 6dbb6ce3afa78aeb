"""A filter of system calls: what has nothing to do with answering for a model fails, for every thread, for ever.

The filter is a program of the kernel's classic BPF over ``struct seccomp_data`` (seccomp(2)); it is made here, as no
module of the standard library makes one.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_SET_MODE_FILTER, _TSYNC = 1, 1
_LOAD, _JUMP_EQUAL, _JUMP_ABOVE, _JUMP_BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _ARCHITECTURE, _FIRST = 0, 4, 16
_CLONE_THREAD = 0x00010000
_X32 = 0x40000000
_SET_PDEATHSIG = 1

# Name, number on x86_64, number on aarch64; None where the system call does not exist there.
_DENIED = """
fork 57 -; vfork 58 -; execve 59 221; execveat 322 281
socket 41 198; socketpair 53 199; connect 42 203; bind 49 200; listen 50 201; accept 43 202; accept4 288 242
ptrace 101 117; process_vm_readv 310 270; process_vm_writev 311 271; process_madvise 440 440; kcmp 312 272
process_mrelease 448 448; pidfd_open 434 434; pidfd_getfd 438 438; pidfd_send_signal 424 424; tkill 200 130
rt_sigqueueinfo 129 138; rt_tgsigqueueinfo 297 240; setpriority 141 140; ioprio_set 251 30; migrate_pages 256 238
sched_setaffinity 203 122; sched_setscheduler 144 119; sched_setparam 142 118; sched_setattr 314 274
move_pages 279 239
shmget 29 194; shmat 30 196; semget 64 190; msgget 68 186; mq_open 240 180
bpf 321 280; add_key 248 217; request_key 249 218; keyctl 250 219; perf_event_open 298 241; userfaultfd 323 282
io_uring_setup 425 425; io_uring_enter 426 426; io_uring_register 427 427
mount 165 40; umount2 166 39; pivot_root 155 41; chroot 161 51; setns 308 268; unshare 272 97; move_mount 429 429
open_tree 428 428; open_tree_attr 467 467; fsopen 430 430; fsconfig 431 431; fsmount 432 432; fspick 433 433
mount_setattr 442 442; swapon 167 224; swapoff 168 225; quotactl 179 60; quotactl_fd 443 443; acct 163 89
chmod 90 -; fchmod 91 52; fchmodat 268 53; fchmodat2 452 452; chown 92 -; fchown 93 55; lchown 94 -; fchownat 260 54
setxattr 188 5; lsetxattr 189 6; fsetxattr 190 7; setxattrat 463 463; removexattr 197 14; lremovexattr 198 15
fremovexattr 199 16; removexattrat 466 466; file_setattr 469 469
utime 132 -; utimes 235 -; futimesat 261 -; utimensat 280 88; mknod 133 -; mknodat 259 33
name_to_handle_at 303 264; open_by_handle_at 304 265; fanotify_init 300 262; fanotify_mark 301 263
reboot 169 142; kexec_load 246 104; kexec_file_load 320 294; init_module 175 105; finit_module 313 273
delete_module 176 106; syslog 103 116; sethostname 170 161; setdomainname 171 162; vhangup 153 58
settimeofday 164 170; clock_settime 227 112; clock_adjtime 305 266; adjtimex 159 171
personality 135 92; iopl 172 -; ioperm 173 -; modify_ldt 154 -; lookup_dcookie 212 18; nfsservctl 180 42
setuid 105 146; setgid 106 144; setreuid 113 145; setregid 114 143; setresuid 117 147; setresgid 119 149
setgroups 116 159; setfsuid 122 151; setfsgid 123 152; capset 126 91
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Machine:
    """Numbers of one kind of processor."""

    place: int
    """Column of `_DENIED`."""
    architecture: int
    seccomp: int
    clone: int
    clone3: int
    kill: int
    tgkill: int
    prctl: int
    prlimit: int


_MACHINES: Mapping[str, _Machine] = {
    "x86_64": _Machine(
        place=0,
        architecture=0xC000003E,
        seccomp=317,
        clone=56,
        clone3=435,
        kill=62,
        tgkill=234,
        prctl=157,
        prlimit=302,
    ),
    "aarch64": _Machine(
        place=1,
        architecture=0xC00000B7,
        seccomp=277,
        clone=220,
        clone3=435,
        kill=129,
        tgkill=131,
        prctl=167,
        prlimit=261,
    ),
}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def filter_calls(libc: ctypes.CDLL, own: int) -> bool:
    """Have the kernel refuse all that `_DENIED` lists, new processes, and signals to others; whether it does.

    Threads stay possible. Privileges must have been given up before (``no_new_privs``).

    Parameters
    ----------
    libc : ctypes.CDLL
        The C library.
    own : int
        Number of this process.
    """
    machine = _MACHINES.get(platform.machine())
    if machine is None or not sys.platform.startswith("linux"):
        return False
    code = b"".join(_instructions(machine, own))
    program = _Program(len(code) // 8, code)
    # Also for threads that exist already, should there be any.
    done: int = libc.syscall(machine.seccomp, _SET_MODE_FILTER, _TSYNC, ctypes.byref(program))
    return done == 0


def denied(machine: str) -> dict[str, int]:
    """Numbers of the system calls that always fail, by name, on ``x86_64`` or ``aarch64``."""
    place = _MACHINES[machine].place
    entries = [entry.split() for entry in _DENIED.replace("\n", ";").split(";") if entry.strip()]
    return {name: int(numbers[place]) for name, *numbers in entries if numbers[place] != "-"}


def _instructions(machine: _Machine, own: int) -> Iterator[bytes]:
    def step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
        return struct.pack("=HBBI", code, yes, no, value)

    refused, unknown = _ERRNO | errno.EPERM, _ERRNO | errno.ENOSYS
    first = step(_LOAD, _FIRST)  # the lower half of the first argument: all that are looked at have 32 bits
    yield step(_LOAD, _ARCHITECTURE)
    yield step(_JUMP_EQUAL, machine.architecture, 1, 0)
    yield step(_RETURN, _KILL)  # numbers of another architecture mean other calls
    yield step(_LOAD, _NUMBER)
    if machine.place == 0:
        yield from (step(_JUMP_ABOVE, _X32, 0, 1), step(_RETURN, refused))
    # glibc starts its threads by clone where there is no clone3, whose flags a filter cannot see.
    yield from (step(_JUMP_EQUAL, machine.clone3, 0, 1), step(_RETURN, unknown))
    for number in denied(next(name for name, known in _MACHINES.items() if known is machine)).values():
        yield from (step(_JUMP_EQUAL, number, 0, 1), step(_RETURN, refused))
    yield from (step(_JUMP_EQUAL, machine.clone, 0, 4), first)
    yield from (step(_JUMP_BITS, _CLONE_THREAD, 0, 1), step(_RETURN, _ALLOW), step(_RETURN, refused))
    for number in (machine.kill, machine.tgkill):
        yield from (step(_JUMP_EQUAL, number, 0, 4), first)
        yield from (step(_JUMP_EQUAL, own, 0, 1), step(_RETURN, _ALLOW), step(_RETURN, refused))
    yield from (step(_JUMP_EQUAL, machine.prlimit, 0, 5), first, step(_JUMP_EQUAL, 0, 1, 0))
    yield from (step(_JUMP_EQUAL, own, 0, 1), step(_RETURN, _ALLOW), step(_RETURN, refused))
    # It must not outlive whoever asks it.
    yield from (step(_JUMP_EQUAL, machine.prctl, 0, 4), first)
    yield from (step(_JUMP_EQUAL, _SET_PDEATHSIG, 0, 1), step(_RETURN, refused), step(_RETURN, _ALLOW))
    yield step(_RETURN, _ALLOW)
