"""`helplens up`: one command does the main job, keeps its data, and leaves no process behind, however it ends."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from pathlib import Path

import pytest
from PIL import Image

HELPLENS = Path(sys.executable).with_name("helplens")
START_S = 240
PATIENCE_S = 120


@contextmanager
def up(data: Path, *args: str) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """The running command, its address, and all that it said until it was ready."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HELPLENS_")} | {"HELPLENS_DATA": str(data)}
    command = [str(HELPLENS), "up", "--port", "0", *args]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=data
    ) as process:
        said = ""
        assert process.stdout
        try:
            deadline = time.monotonic() + START_S
            while "Ctrl-C ends everything" not in said:
                line = process.stdout.readline()
                assert line, f"it ended before it was ready:\n{said}"
                assert time.monotonic() < deadline, said
                said += line
            address = re.search(r"http://[\d.:]+", said)
            assert address
            yield process, address[0], said
        finally:
            if process.poll() is None:
                process.kill()


def left_behind(data: Path) -> list[str]:
    """Command lines of processes that work on this data folder, or in it."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command, folder = (entry / "cmdline").read_text(), (entry / "cwd").readlink()
        except OSError:
            continue
        if str(data) in command or folder.is_relative_to(data):
            found.append(command.replace("\0", " "))
    return found


def wait_until_gone(data: Path) -> None:
    deadline = time.monotonic() + 60
    while left_behind(data) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left_behind(data) == []


def call(address: str, path: str, token: str | None = None, body: bytes | None = None) -> dict[str, object]:
    request = urllib.request.Request(address + path, data=body, method="POST" if body is not None else "GET")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        value: dict[str, object] = json.load(answer)
        return value


def reading(address: str, opened: dict[str, object]) -> HTTPResponse:
    """An open event stream."""
    request = urllib.request.Request(f"{address}/api/v1/conversations/{opened['id']}/events")
    request.add_header("Authorization", f"Bearer {opened['token']}")
    stream: HTTPResponse = urllib.request.urlopen(request, timeout=PATIENCE_S)
    return stream


def test_it_answers_an_example_serves_the_demo_and_keeps_conversations(tmp_path: Path) -> None:
    with up(tmp_path, "--example") as (process, address, said):
        assert "card-declined.md" in said
        ringed = tmp_path / "example-ringed.png"
        assert ringed.name in said.replace("\n", "")
        with Image.open(ringed) as picture:
            assert picture.size == (1280, 800)
        with urllib.request.urlopen(f"{address}/demo", timeout=PATIENCE_S) as page:
            assert page.status == 200
        opened = call(address, "/api/v1/conversations", body=b"")
        with reading(address, opened) as stream:
            begun = stream.readline()
            process.send_signal(signal.SIGINT)
            assert (begun + stream.read()).endswith(
                b"retry: 1000\n\n"
            )  # it ends whole: the reader goes on at another process
        assert process.wait(timeout=PATIENCE_S) == 0
        assert process.stdout
        assert process.stdout.read().strip() == ""
    wait_until_gone(tmp_path)
    with up(tmp_path) as (process, address, _):
        again = call(address, f"/api/v1/conversations/{opened['id']}", token=str(opened["token"]))
        assert again["id"] == opened["id"]
        process.kill()
    wait_until_gone(tmp_path)
    with up(tmp_path) as (_, address, _):
        again = call(address, f"/api/v1/conversations/{opened['id']}", token=str(opened["token"]))
        assert again["id"] == opened["id"]


def test_two_on_one_folder_is_a_clear_error(tmp_path: Path) -> None:
    with up(tmp_path):
        environment = os.environ | {"HELPLENS_DATA": str(tmp_path)}
        second = subprocess.run(
            [str(HELPLENS), "up", "--port", "0"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )
        assert second.returncode == 2
        assert "in use by another HelpLens" in second.stderr.replace("\n", " ")
        assert "Traceback" not in second.stderr


def test_a_port_that_is_taken_is_a_clear_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = subprocess.run(
            [str(HELPLENS), "up", "--port", str(taken.getsockname()[1])],
            env=os.environ | {"HELPLENS_DATA": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )
    assert done.returncode == 2
    assert "choose another with --port" in done.stderr
    assert "Traceback" not in done.stderr
    wait_until_gone(tmp_path)


def test_a_help_centre_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    done = subprocess.run(
        [str(HELPLENS), "up", str(tmp_path / "nowhere")],
        env=os.environ | {"HELPLENS_DATA": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 2
    assert "nowhere" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("role", ["web", "worker"])
def test_a_role_needs_a_shared_redis(role: str) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HELPLENS_")}
    done = subprocess.run([str(HELPLENS), "serve", role], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "HELPLENS_REDIS_URL" in done.stderr
