"""A hub of one model on loopback: revisions of files, of which one may be cut short."""

import hashlib
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

NAME = "someone/tiny"


class FakeHub:
    """Revisions of one model by name, each a folder; what was asked of it, and the revision whose weights break."""

    def __init__(self, revisions):
        self.revisions = {name: Path(folder) for name, folder in revisions.items()}
        self.fetched, self.breaks = [], None

    def file(self, path):
        """The revision and file that a request is for, as `/someone/tiny/resolve/step5/config.json`."""
        parts = path.split("?")[0].removeprefix(f"/{NAME}/resolve/").split("/")
        if len(parts) != 2 or parts[0] not in self.named:
            return None, None
        file = self.revisions[self.named[parts[0]]] / parts[1]
        return self.named[parts[0]], file if file.is_file() else None

    @property
    def named(self):
        """Revisions by their own name and by their commit."""
        return {name: name for name in self.revisions} | {commit(name): name for name in self.revisions}


def commit(name):
    return hashlib.sha1(name.encode()).hexdigest()


@contextmanager
def served(hub):
    """The hub behind a server on loopback; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments):
            pass

        def do_HEAD(self):
            self.answer(body=False)

        def do_GET(self):
            self.answer(body=True)

        def answer(self, body):
            if self.path.startswith(f"/api/models/{NAME}/refs"):
                refs = ",".join(
                    f'{{"name":"{n}","ref":"r","targetCommit":"{commit(n)}"}}' for n in hub.revisions
                )
                self.give(f'{{"branches":[{refs}],"tags":[],"converts":[]}}'.encode(), {}, body)
                return
            revision, file = hub.file(self.path)
            if file is None:
                self.give(b"", {"X-Error-Code": "EntryNotFound"}, body, status=404)
                return
            data = file.read_bytes()
            headers = {"X-Repo-Commit": commit(revision), "ETag": f'"{hashlib.sha256(data).hexdigest()}"'}
            broken = body and revision == hub.breaks and file.suffix == ".safetensors"
            if body:
                hub.fetched.append((revision, file.name))
            self.give(data, headers, body, until=len(data) // 2 if broken else None)

        def give(self, data, headers, body, status=200, until=None):
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            if body:
                self.wfile.write(data[:until])
            if until is not None:
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
