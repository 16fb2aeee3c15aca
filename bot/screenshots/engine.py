"""onnxruntime, without its reports home.

Its wheel writes a device id and a log of events where the user's caches lie, and knows an address to send them to.
That is switched off before it is first imported: here, and nowhere else is it imported (a test holds it).
"""

import ctypes
import os
from pathlib import Path
from types import ModuleType
from typing import Any

ARENA_MAX = -8
"""The C library's M_ARENA_MAX."""


def onnxruntime() -> ModuleType:
    """The package, imported when it is first needed."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime as package

    module: ModuleType = package
    return module


def session(weights: Path, threads: int) -> Any:
    """An inference session on the CPU: no arena that keeps the largest batch's memory, no threads that spin."""
    package = onnxruntime()
    options = package.SessionOptions()
    options.intra_op_num_threads = threads
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return package.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])


def share_memory() -> None:
    """Let all threads take memory from one place, so that what one has let go of serves the others.

    The C library gives each thread a place of its own, which keeps some 20 MB after large batches. Only glibc has it.
    """
    library = ctypes.CDLL(None) if os.name == "posix" else None
    if library is not None and hasattr(library, "mallopt") and hasattr(library, "gnu_get_libc_version"):
        library.mallopt(ARENA_MAX, 1)
