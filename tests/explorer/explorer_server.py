"""The explorer's server as a user's machine has it, asked over its socket by whoever can reach it."""

import http.client
import threading
from contextlib import contextmanager

import uvicorn

from groklens.explorer.server import _QUIETLY, HOST, application, listener

TOKEN = "a-token-of-this-test"


class Server:
    """A running server: `get` asks for a path as it is, and gives status, headers and body."""

    def __init__(self, port):
        self.port = port

    def ask(self, path, method="GET", host=None):
        connection = http.client.HTTPConnection(HOST, self.port, timeout=60)
        try:
            connection.putrequest(method, path, skip_host=True)
            connection.putheader("Host", host or f"{HOST}:{self.port}")
            connection.endheaders()
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def get(self, name, **how):
        return self.ask(f"/{TOKEN}/{name}", **how)


@contextmanager
def served(pages):
    """A server over these pages, in a thread."""
    with listener(0) as listening:
        port = listening.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(application(pages, TOKEN, port), **_QUIETLY))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield Server(port)
        finally:
            server.should_exit = True
            thread.join(30)
            assert not thread.is_alive()
