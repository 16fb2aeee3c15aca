"""The real `helplens up` as a process of its own, that a test may kill and start again on the same data and port."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ports import free_port

HELPLENS = Path(sys.executable).with_name("helplens")
PASSWORD = "a password for the desk"
JWT_KEY = "a key of the site with thirty-two bytes or more"
START_SECONDS = 240


@dataclass
class Served:
    """One running house."""

    data: Path
    source: tuple[str, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)
    port: int = 0
    process: asyncio.subprocess.Process | None = None

    @property
    def address(self) -> str:
        """Where the browser goes. Not localhost: the page and the server must have one origin."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Starts it; returns when it takes requests."""
        self.port = self.port or free_port()
        environment = {k: v for k, v in os.environ.items() if not k.startswith("HELPLENS_")}
        environment |= {
            "HELPLENS_DATA": str(self.data),
            "HELPLENS_DESK_PASSWORD": PASSWORD,
            "HELPLENS_JWT_KEY": JWT_KEY,
        }
        self.process = await asyncio.create_subprocess_exec(
            str(HELPLENS),
            *("up", "--port", str(self.port), *self.source),
            env=environment | self.settings,
            cwd=self.data,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        assert self.process.stdout
        said = b""
        async with asyncio.timeout(START_SECONDS):
            while b"Ctrl-C ends everything" not in said:
                line = await self.process.stdout.readline()
                assert line, f"it ended before it was ready:\n{said.decode()}"
                said += line
        self._drain = asyncio.ensure_future(self.process.stdout.read())

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Ends it, and waits until it has ended."""
        if self.process and self.process.returncode is None:
            self.process.send_signal(how)
            await self.process.wait()
            await self._drain


@asynccontextmanager
async def serving(data: Path, *source: str, **settings: str) -> AsyncIterator[Served]:
    """A house for as long as the block lasts, on the help centre `source` or the example; `settings` are variables."""
    served = Served(data, source, {f"HELPLENS_{name.upper()}": value for name, value in settings.items()})
    await served.start()
    try:
        yield served
    finally:
        await served.stop()
