"""Confinement of a process that runs untrusted code or queries: it can only compute and read files.

On Linux, without root, a seccomp filter (seccomp(2)) makes the kernel refuse sockets, other processes, signals to them,
and every change of a file or folder; memory and file size are limited in addition. The filter applies permanently to
the process and all its threads. Without such a filter (on other systems and processors), a Python audit hook refuses
the same operations, which stops honest mistakes but not native code. The process can still read any file that the
stage's user can read.
"""

import ctypes
import errno
import os
import platform
import resource
import struct
import sys
from typing import Literal

Isolation = Literal["seccomp", "audit hook"]

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # instructions of classic BPF
_NUMBER, _ARCHITECTURE = 0, 4  # offsets in the kernel's `struct seccomp_data`; arguments of 8 bytes begin at 16
_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050000
_X32 = 0x40000000  # system calls from this number on belong to the x32 ABI of x86_64
_THREAD = 0x10000  # CLONE_THREAD
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _FILTER = 38, 22, 2

# System calls by processor: its audit number; the calls that open files, with the index of the argument for flags;
# `clone`; calls reported as missing, for which libraries have a fallback (clone3, openat2); and refused calls: socket,
# connect, socketpair; fork, vfork, execve, execveat; kill, tkill, tgkill, pidfd_send_signal; ptrace, process_vm_*;
# all forms of truncate, rename, mkdir, rmdir, creat, link, unlink, symlink, chmod, chown, mknod and utime;
# memfd_create, io_uring_setup; setxattr, removexattr, fallocate, open_by_handle_at, pidfd_getfd; and calls for root
# only: mounts, swap, modules, the clock, the host's name, reboot, namespaces, bpf, perf.
# fmt: off
_CALLS: dict[str, tuple[int, dict[int, int], int, tuple[int, ...], tuple[int, ...]]] = {
    "x86_64": (0xC000003E, {2: 1, 257: 2}, 56, (435, 437), (
        41, 42, 53, 57, 58, 59, 322, 62, 200, 234, 424, 101, 310, 311,
        76, 77, 82, 83, 84, 85, 86, 87, 88, 90, 91, 92, 93, 94, 132, 133, 235,
        258, 259, 260, 261, 263, 264, 265, 266, 268, 280, 316, 452, 319, 425,
        188, 189, 190, 197, 198, 199, 285, 304, 438, 155, 161, 163, 164, 165, 166, 167, 168, 169, 170,
        175, 176, 227, 246, 272, 298, 308, 313, 321, 428, 429, 430, 431, 432, 433, 434, 442,
    )),
    "aarch64": (0xC00000B7, {56: 2}, 220, (435, 437), (
        198, 199, 203, 221, 281, 129, 130, 131, 424, 117, 270, 271,
        33, 34, 35, 36, 37, 38, 45, 46, 52, 53, 54, 55, 88, 276, 452, 279, 425,
        5, 6, 7, 14, 15, 16, 47, 265, 438, 41, 51, 89, 170, 40, 39, 224, 225, 142, 161,
        105, 106, 112, 104, 97, 241, 268, 273, 280, 428, 429, 430, 431, 432, 433, 434, 442,
    )),
}
# fmt: on


def confine(memory_bytes: int) -> Isolation:
    """Restrict this process permanently to computing and reading; return the mechanism that enforces it."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if _install_filter():
        return "seccomp"
    sys.addaudithook(_refuse_event)
    return "audit hook"


def _install_filter() -> bool:
    calls = _CALLS.get(platform.machine())
    if not sys.platform.startswith("linux") or calls is None or sys.maxsize < 2**32:
        return False
    program = b"".join(_program(*calls))
    buffer = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(library.prctl(_PR_SET_SECCOMP, _FILTER, ctypes.create_string_buffer(header), 0, 0) == 0)


def _program(
    architecture: int, opens: dict[int, int], clone: int, absent: tuple[int, ...], refused: tuple[int, ...]
) -> list[bytes]:
    """Return the filter's instructions; a jump has the number of instructions to skip if true and if false."""
    refuse, missing = _return(_REFUSE | errno.EPERM), _return(_REFUSE | errno.ENOSYS)
    program = [_step(_LOAD, _ARCHITECTURE), _step(_EQUAL, architecture, 1, 0), _return(_KILL), _step(_LOAD, _NUMBER)]
    program += [_step(_AT_LEAST, _X32, 0, 1), refuse]
    for number in refused:
        program += [_step(_EQUAL, number, 0, 1), refuse]
    for number in absent:
        program += [_step(_EQUAL, number, 0, 1), missing]
    for number, argument in opens.items():
        program += [_step(_EQUAL, number, 0, 4), _step(_LOAD, 16 + 8 * argument), _step(_ANY_BIT, _WRITES, 0, 1)]
        program += [refuse, _return(_ALLOW)]
    program += [_step(_EQUAL, clone, 0, 3), _step(_LOAD, 16), _step(_ANY_BIT, _THREAD, 1, 0), refuse]
    return [*program, _return(_ALLOW)]


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


def _return(value: int) -> bytes:
    return _step(_RETURN, value)


def _refuse_event(event: str, arguments: tuple[object, ...]) -> None:
    family = event.partition(".")[0]
    writes = event == "open" and isinstance(arguments[2], int) and bool(arguments[2] & _WRITES)
    changes = event in ("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink")
    starts = event in ("os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.kill")
    if family in ("socket", "subprocess") or writes or changes or starts:
        raise PermissionError(errno.EPERM, f"`{event}` is not allowed in the sandbox")
