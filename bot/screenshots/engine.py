"""onnxruntime, without its reports home.

Its wheel writes a device id and a log of events where the user's caches lie, and knows an address to send them to.
That is switched off before it is first imported: here, and nowhere else is it imported (a test holds it).
"""

import os
from pathlib import Path
from types import ModuleType
from typing import Any


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
