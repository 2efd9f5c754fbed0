"""Servers of notebooks on this machine's own address, with a token, started for a test and ended after it."""

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager


def free_port():
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextmanager
def serving(module, arguments, folder, ready, timeout=180):
    """`python -m MODULE ARGUMENTS` in a folder, where settings and trust are kept too; gives its address and its token.

    `ready` is the path that answers once the server does. PORT and TOKEN stand for what they are.
    """
    port, token = free_port(), secrets.token_hex(16)
    given = [each.replace("PORT", str(port)).replace("TOKEN", token) for each in arguments]
    homes = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "XDG_CONFIG_HOME")
    environment = {**os.environ, **{name: str(folder / name.lower()) for name in homes}}
    with open(folder / "server.log", "w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *given], cwd=folder, env=environment, stdout=log, stderr=log
        )
        try:
            _wait(process, f"http://127.0.0.1:{port}{ready}", folder, timeout)
            yield f"http://127.0.0.1:{port}", token
        finally:
            process.terminate()
            process.wait(60)


def _wait(process, address, folder, timeout):
    until = time.monotonic() + timeout
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except urllib.error.HTTPError:
            return  # it answers, whatever it says
        except OSError:
            time.sleep(0.2)
    raise AssertionError((folder / "server.log").read_text()[-3000:])
