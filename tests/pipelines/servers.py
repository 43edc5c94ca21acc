"""Real servers on loopback for the tests of remotes, and a wire to them that breaks when told to.

Each needs something installed; where it is missing the test skips, and says what.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.waiting import HUNG

HERE = "127.0.0.1"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind((HERE, 0))
        return int(listener.getsockname()[1])


def need(package: str, extra: str) -> None:
    """Skip the test where a package is missing."""
    if find_spec(package) is None:
        pytest.skip(f'{package} is not installed: pip install -e ".[{extra}]" -c constraints.txt')


@contextmanager
def serving(*command: str, port: int) -> Iterator[None]:
    """Run a server until the block ends; the block starts once its port answers."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        end = time.monotonic() + HUNG
        while True:
            with suppress(OSError), socket.create_connection((HERE, port), timeout=1):
                break
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < end, f"{command[0]} does not answer on port {port}"
            time.sleep(0.05)
        yield
    finally:
        process.kill()
        process.communicate()


@contextmanager
def ssh_server(folder: Path) -> Iterator[int]:
    """OpenSSH's server, for this user and the key `folder/key`; yields its port."""
    need("dvc_ssh", "ssh")
    sshd = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if sshd is None or shutil.which("ssh-keygen") is None:
        pytest.skip("sshd is not installed: apt-get install openssh-server")
    folder.mkdir()
    for name in ("host", "key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # as its service would
    port = free_port()
    settings = (
        f"ListenAddress {HERE}:{port}",
        f"HostKey {folder}/host",
        f"AuthorizedKeysFile {folder}/key.pub",
        "PidFile none",
        "StrictModes no",
        "UsePAM no",
        "PermitRootLogin yes",
        "Subsystem sftp internal-sftp",
    )
    (folder / "config").write_text("\n".join(settings) + "\n")
    with serving(sshd, "-D", "-e", "-f", str(folder / "config"), port=port):
        yield port


@contextmanager
def s3_server(folder: Path) -> Iterator[int]:
    """moto's S3 with one bucket, `team`; yields its port."""
    need("dvc_s3", "s3")
    need("moto", "test")
    need("flask_cors", "test")
    folder.mkdir()
    port = free_port()
    with serving(sys.executable, "-m", "moto.server", "-H", HERE, "-p", str(port), port=port):
        import boto3

        client = boto3.client(
            "s3",
            endpoint_url=f"http://{HERE}:{port}",
            aws_access_key_id="team",
            aws_secret_access_key="secret",
            region_name="us-east-1",
        )
        client.create_bucket(Bucket="team")
        client.close()
        yield port


class Wire:
    """A TCP connection between a client and a server on loopback that can fail.

    Each `break_after` lets so many bytes through to the client or the server (`towards`), counted over all
    connections, and then either drops every connection or holds them for ever, as a dead network does.
    """

    def __init__(self, server: int) -> None:
        self._server = server
        self._listener = socket.create_server((HERE, 0))
        self.port = int(self._listener.getsockname()[1])
        self._lock = threading.Lock()
        self._ends: list[socket.socket] = []
        self._left: int | None = None
        self._towards = self._fault = ""
        self.broken = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def break_after(self, count: int, *, towards: str, fault: str) -> None:
        """`towards`: "client" or "server"; `fault`: "drop" or "hold"."""
        self._close_all()
        self.broken.clear()
        self._left, self._towards, self._fault = count, towards, fault

    def mend(self) -> None:
        self._close_all()
        self.broken.clear()
        self._left = None

    def close(self) -> None:
        self._listener.close()
        self._close_all()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.broken.is_set() and self._fault == "drop":
                _reset(client)
                continue
            server = socket.create_connection((HERE, self._server))
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._ends += [client, server]
            for source, sink, towards in ((client, server, "server"), (server, client, "client")):
                threading.Thread(target=self._pump, args=(source, sink, towards), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, towards: str) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 14):
                if self._left is not None and self._towards == towards:
                    with self._lock:
                        data, self._left = data[: self._left], max(self._left - len(data), 0)
                if data:
                    sink.sendall(data)
                if self._left == 0 and self._towards == towards:
                    self.broken.set()
                    if self._fault == "hold":
                        return
                    self._close_all()
            sink.shutdown(socket.SHUT_WR)

    def _close_all(self) -> None:
        with self._lock:
            ends, self._ends = self._ends, []
        for end in ends:
            _reset(end)


def _reset(end: socket.socket) -> None:
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        end.shutdown(socket.SHUT_RDWR)
    end.close()
