"""`explorer.serve`: the explorer as a page on this machine alone, behind a random token."""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
import tempfile
import threading
import webbrowser
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groklens.errors import BadArgument, UnknownName, shown, whole_number
from groklens.explorer.opened import Opened
from groklens.explorer.pages import Pages
from groklens.explorer.static import START, File
from groklens.runs import AnyRun

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

log = logging.getLogger("groklens")
#: The only address that is listened at: this machine's own.
HOST = "127.0.0.1"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
#: What is answered; everything else asks for a change.
_METHODS = ("GET", "HEAD")
#: The name of the threads that make pages.
_WORKER = "groklens explorer"
#: No log has the address in it, nor what strangers send; who waits for an answer does not keep the server from ending.
_QUIETLY: dict[str, Any] = {
    "log_level": "critical",
    "access_log": False,
    "server_header": False,
    "lifespan": "off",
    "ws": "none",
    "timeout_graceful_shutdown": 1,
}
#: What every answer says: load nothing from elsewhere, guess no type, tell nobody the address, keep no copy.
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def serve(
    given: Iterable[AnyRun] | AnyRun,
    *,
    port: int = 0,
    browser: bool = True,
    parts: Iterable[Any] = (),
    say: Callable[[str], object] | None = None,
) -> None:
    """Serve the explorer over runs and sweeps on this machine alone, until Ctrl-C.

    Whoever has not the address, which holds a random token, is shown nothing: other users of the machine included.
    Nothing that a run holds is executed.

    Args:
        given: paths of runs and sweeps, names of example runs, or runs; one or several.
        port: which; a free one when not given.
        browser: whether to open the page in a browser.
        parts: classes of your own that the runs were trained with.
        say: is given the address; the log, when not given.

    Raises `BadArgument` where nothing that is given can be looked at, the port is taken, or the extra is not installed.

    >>> serve(["runs/mine", "mod23"])  # doctest: +SKIP
    """
    uvicorn = _needed()
    opened = Opened.of(given, parts)
    opened.check()
    listening = listener(port)
    with listening:
        own = listening.getsockname()[1]
        token = secrets.token_urlsafe(24)
        app = application(Pages(opened), token, own)
        address = f"http://{HOST}:{own}/{token}/"
        (say or _log)(address)
        with _opened_in_browser(address if browser else None), suppress(KeyboardInterrupt):
            uvicorn.Server(uvicorn.Config(app, **_QUIETLY)).run(sockets=[listening])


def application(pages: Pages, token: str, port: int) -> ASGIApp:
    """The application that answers for `pages` under `/TOKEN/`, to whoever asks this machine by its own name."""
    from starlette.requests import Request
    from starlette.responses import Response

    hosts = {f"{name}:{port}" for name in (HOST, "localhost")}
    one_at_a_time: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def answer(request: Request) -> Response:
        if request.headers.get("host", "") not in hosts:  # a name of somebody else's that leads here
            return Response(status_code=400, headers=HEADERS)
        given, stroke, name = str(request.scope["path"]).removeprefix("/").partition("/")
        if not secrets.compare_digest(given.encode("utf-8", "replace"), token.encode()) or not stroke:
            return Response(status_code=404, headers=HEADERS)
        if request.method not in _METHODS:
            return Response(status_code=405, headers={**HEADERS, "Allow": ", ".join(_METHODS)})
        name = name or START
        # Whoever waits for a run takes no thread from those who look at others.
        async with one_at_a_time[pages.turn_of(name)]:
            try:
                found = await _in_thread(lambda: pages.file(name))
            except UnknownName:
                return Response(status_code=404, headers=HEADERS)
            except Exception:
                log.exception("%s cannot be made.", shown(name))
                return Response(status_code=500, headers=HEADERS)
        return Response(found.data, media_type=found.kind, headers=HEADERS)

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        response = await answer(Request(scope, receive))
        await response(scope, receive, send)

    return answered


async def _in_thread(work: Callable[[], File]) -> File:
    """What a function gives, called in a thread of its own, which does not keep the program from ending."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[File] = loop.create_future()

    def tell(settle: Callable[[Any], None], value: Any) -> None:
        if not done.cancelled():
            settle(value)

    def run() -> None:
        outcome: tuple[Callable[[Any], None], Any]
        try:
            outcome = done.set_result, work()
        except Exception as error:
            outcome = done.set_exception, error
        with suppress(RuntimeError):  # the server has ended meanwhile
            loop.call_soon_threadsafe(tell, *outcome)

    threading.Thread(target=run, name=_WORKER, daemon=True).start()
    return await done


def still_working() -> bool:
    """Whether a page that somebody asked for is still being made, be it that the server has ended.

    >>> still_working()
    False
    """
    return any(thread.name == _WORKER for thread in threading.enumerate())


def listener(port: int) -> socket.socket:
    """A socket that listens on this machine alone; `BadArgument` for a port that is none, or is taken."""
    wanted = whole_number("port", port, 0, such_as=8765, most=65_535)
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((HOST, wanted))
        found.listen(128)
    except OSError as error:
        found.close()
        raise BadArgument(
            f"Cannot listen at port {wanted}: {error.strerror or error}; leave --port out, and a free one is taken."
        ) from error
    return found


def _needed() -> Any:
    try:
        import starlette.responses  # noqa: F401
        import uvicorn
    except ImportError as error:
        raise BadArgument(
            'The explorer is served by starlette and uvicorn: pip install "groklens[explorer]". Without them it is '
            "written as a folder: groklens show PATH --export FOLDER."
        ) from error
    return uvicorn


def _log(address: str) -> None:
    log.warning("The explorer is at %s until Ctrl-C.", address)


@contextmanager
def _opened_in_browser(address: str | None) -> Iterator[None]:
    """Context in which a browser is sent to the address by a file that only this user can read.

    On its command line the address, and with it the token, would be seen by every user of the machine.
    """
    if address is None:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="groklens-") as folder:  # nobody else may enter it
        page = Path(folder) / "explorer.html"
        page.write_text(
            f'<!DOCTYPE html><meta charset="utf-8"><meta name="referrer" content="no-referrer">'
            f'<meta http-equiv="refresh" content="0; url={escape(address)}"><title>groklens</title>'
            f'<a href="{escape(address)}">The explorer</a>',
            encoding="utf-8",
        )
        webbrowser.open(page.as_uri())
        yield
