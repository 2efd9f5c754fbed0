"""Who is shown the explorer, and who is shown nothing."""

import builtins
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import webbrowser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from explorer_server import TOKEN, served

import groklens as gl
from groklens.errors import BadArgument
from groklens.explorer import serve
from groklens.explorer.opened import Opened
from groklens.explorer.pages import Pages
from groklens.explorer.server import HEADERS, HOST, _opened_in_browser, listener


@pytest.fixture(scope="module")
def server(_trained_once):
    with served(Pages(Opened.of([str(_trained_once), gl.load(_trained_once)]))) as found:
        yield found


def is_nothing(answer, status):
    assert answer[0] == status
    assert answer[2] == b""


class TestWhoIsAnswered:
    def test_whoever_has_the_token_is_shown_the_page(self, server):
        status, headers, body = server.get("")
        assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert b"explorer.js" in body
        for name, start in (("explorer.js", b"//"), ("data/index.js", b'explorer.receive("data/index", ')):
            status, headers, body = server.get(name)
            assert (status, headers["content-type"]) == (200, "text/javascript; charset=utf-8")
            assert body.startswith(start)

    @pytest.mark.parametrize(
        "path", ["/", "/data/index.js", "/index.html", "/wrong/", "/wrong/data/index.js", f"/{TOKEN}", f"/{TOKEN}x/",
                 f"/{TOKEN[:-1]}/", f"//{TOKEN}/", f"/x/{TOKEN}/", f"/?{TOKEN}", f"/%00{TOKEN}/", "/ü/"]
    )  # fmt: skip
    def test_without_the_token_there_is_nothing(self, server, path):
        answer = server.ask(path.replace("ü", "%C3%BC"))
        is_nothing(answer, 404)

    @pytest.mark.parametrize(
        "host", ["evil.example", "evil.example:80", "127.0.0.1", "127.0.0.1:1", "[::1]", " "]
    )
    def test_under_another_name_nothing_is_answered(self, server, host):
        is_nothing(server.get("data/index.js", host=host), 400)

    def test_under_its_own_names_it_is(self, server):
        assert server.get("data/index.js", host=f"localhost:{server.port}")[0] == 200

    @pytest.mark.parametrize(
        "method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE", "BREW"]
    )
    def test_nothing_is_taken(self, server, method):
        answer = server.get("data/index.js", method=method)
        is_nothing(answer, 405)
        assert answer[1]["allow"] == "GET, HEAD"
        assert {name.lower() for name in HEADERS} <= set(answer[1])
        is_nothing(server.ask("/wrong/data/index.js", method=method), 404)

    def test_a_head_is_the_answer_without_its_body(self, server):
        whole, head = (server.get("explorer.js", method=method) for method in ("GET", "HEAD"))
        assert head[0] == 200
        assert head[1]["content-length"] == str(len(whole[2]))
        assert head[2] == b""
        is_nothing(server.ask("/wrong/", method="HEAD"), 404)

    @pytest.mark.parametrize(
        "path", ["*", f"http://evil.example/{TOKEN}/", f"http://{HOST}/{TOKEN}/index.html"]
    )
    def test_an_address_that_is_no_path_is_nothing(self, server, path):
        answer = server.ask(path)
        is_nothing(answer, 404)
        assert {name.lower() for name in HEADERS} <= set(answer[1])

    def test_a_socket_of_the_web_is_not_opened(self, server):
        """Whoever asks for one has the answer that others have."""
        asked = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        asked += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        with socket.create_connection((HOST, server.port), timeout=60) as wire:
            wire.sendall(f"GET /wrong/ HTTP/1.1\r\nHost: {HOST}:{server.port}\r\n{asked}\r\n".encode())
            lines = wire.makefile("rb")
            assert lines.readline().startswith(b"HTTP/1.1 404")
            assert b"content-security-policy" in b"".join(iter(lines.readline, b"\r\n")).lower()

    @pytest.mark.parametrize(
        "name", ["../secret", "..%2fsecret", "%2e%2e/secret", "data/../../secret", "data/run/../../../etc/passwd",
                 "/etc/passwd", "%2fetc%2fpasswd", "page/index.html", "pages.py", "data/run/0/step/10/../0.js",
                 "data/run/9.js", "data/run/-1.js", "data/run/0/step/7.js", "data/run/0/step/1e1.js",
                 "data/run/0/step/010.js", "data/run/٠.js", "data/run/0/step/10/part/neuron-99.js",
                 "data/run/0/step/10/part/rm-1.js", "data/run/0/step/10/part/frequency-0.js",
                 f"data/run/0/step/{'9' * 5000}.js", "data/run/0.js%00", "data/run/0.js%0a", "data/sweep/0.js"]
    )  # fmt: skip
    def test_what_is_not_on_the_list_is_not_there(self, server, name):
        ascii_only = name.encode().decode("ascii", "ignore") if name.isascii() else "data/run/%D9%A0.js"
        answer = server.get(ascii_only)
        is_nothing(answer, 404)

    def test_every_answer_keeps_to_itself(self, server):
        for answer in (server.get(""), server.get("nowhere"), server.ask("/wrong/")):
            for name, value in HEADERS.items():
                assert answer[1][name.lower()] == value
            assert "access-control-allow-origin" not in answer[1]
            assert "server" not in answer[1]
        policy = HEADERS["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy


def test_only_this_machine_is_listened_to():
    with listener(0) as found:
        assert found.getsockname()[0] == HOST == "127.0.0.1"
        assert found.family == socket.AF_INET
        with pytest.raises(BadArgument, match=r"Cannot listen at port .* leave --port out"):
            listener(found.getsockname()[1])
    for port in (-1, 70_000):
        with pytest.raises(BadArgument, match="port is"):
            listener(port)


def test_a_look_that_does_not_end_stops_nobody_else(tiny_run, monkeypatch):
    """One run's request waits for ever; the index, the page and another run are answered, and the server ends."""
    pages, begun, never = Pages(Opened.of([tiny_run, tiny_run])), threading.Event(), threading.Event()
    real = pages.looked

    def looked(id):
        if id == "0":
            begun.set()
            never.wait(120)
        return real(id)

    monkeypatch.setattr(pages, "looked", looked)
    with served(pages) as server:
        waiting = [
            threading.Thread(target=lambda: suppressed(lambda: server.get("data/run/0.js")), daemon=True)
            for _ in range(12)
        ]
        for each in waiting:
            each.start()
        assert begun.wait(60)
        assert server.get("data/index.js")[0] == 200
        assert server.get("explorer.css")[0] == 200
        assert b'"step":0,' in server.get("data/run/1/step/0.js")[2]
    never.set()


def test_what_goes_wrong_is_an_answer_and_a_line_of_the_log(tiny_run, monkeypatch, caplog):
    pages = Pages(Opened.of(tiny_run))
    monkeypatch.setattr(pages, "file", lambda name: 1 / 0)
    with served(pages) as server:
        answer = server.get("data/index.js")
    is_nothing(answer, 500)
    assert {name.lower() for name in HEADERS} <= set(answer[1])
    assert "data/index.js cannot be made" in caplog.text
    assert TOKEN not in caplog.text


def test_strangers_write_nothing_into_the_terminal(tiny_run, capfd, caplog):
    """Not a word of a request without the token, nor of one that is none, comes to whoever serves."""
    with served(Pages(Opened.of(tiny_run))) as server:
        for asked in (b"\x16\x03\x01 say this", b"GET /say-this HTTP/1.1", b"GET /say-this HTTP/1.0"):
            with socket.create_connection((HOST, server.port), timeout=60) as wire:
                wire.sendall(asked + b"\r\n\r\n")
                assert wire.makefile("rb").readline().startswith(b"HTTP/1.1 400")
    assert "say" not in "".join([*capfd.readouterr(), caplog.text])
    assert not [record for record in caplog.records if not record.name.startswith("groklens")]


def suppressed(ask):
    try:
        ask()
    except OSError:  # the server ends before it answers
        return


def test_two_who_ask_for_one_thing_have_it_made_once(tiny_run, monkeypatch):
    pages, made = Pages(Opened.of(tiny_run)), []
    real = pages._of_run
    monkeypatch.setattr(pages, "_of_run", lambda *asked: made.append(asked[-1]) or real(*asked))
    with served(pages) as server:
        threads = [threading.Thread(target=lambda: server.get("data/run/0/step/10.js")) for _ in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(60)
    assert made == ["data/run/0/step/10.js"]


def test_what_is_kept_is_bounded(tiny_run, monkeypatch):
    pages = Pages(Opened.of([tiny_run] * 6))
    monkeypatch.setitem(vars(sys.modules["groklens.explorer.pages"]), "_KEPT", 150_000)
    monkeypatch.setattr(pages, "_of_run", lambda *asked: {"text": "x" * 40_000})
    for id in range(6):
        pages.file(f"data/run/{id}/step/0.js")
    assert list(pages._warm) == ["2", "3", "4", "5"]
    assert list(pages._kept) == [f"data/run/{id}/step/0.js" for id in (3, 4, 5)]


def test_the_token_is_on_no_command_line(monkeypatch, tmp_path):
    """A browser is started with the name of a file that only its user can read: `ps` shows everybody the rest."""
    seen = []
    monkeypatch.setattr(webbrowser, "open", lambda address: seen.append(look(address)))

    def look(address):
        page = Path(unquote(urlsplit(address).path))
        return address, page.read_text(), stat.S_IMODE(page.parent.stat().st_mode), page

    with _opened_in_browser("http://127.0.0.1:1/secret/"):
        ((address, text, mode, page),) = seen
        assert address.startswith("file:")
        assert "secret" not in address
        assert "http://127.0.0.1:1/secret/" in text
        assert mode == 0o700
    assert not page.exists()


def test_without_the_extra_it_is_said_what_to_install(monkeypatch, tiny_run):
    real = builtins.__import__

    def without(name, *given, **more):
        if name.split(".")[0] in ("uvicorn", "starlette"):
            raise ImportError(name)
        return real(name, *given, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(BadArgument, match=r'pip install "groklens\[explorer\]".*--export FOLDER'):
        serve(tiny_run)


@pytest.mark.slow
def test_the_command_serves_until_it_is_interrupted(run_folder):
    """`groklens show` says the address, answers there, is not told of by its command line, and ends at once."""
    words = [sys.executable, "-m", "groklens", "show", str(run_folder), "--no-browser"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        address = urlsplit(running.stdout.readline().split()[0])
        assert address.hostname == HOST
        token = address.path.strip("/")
        assert len(token) >= 32
        if os.path.exists(f"/proc/{running.pid}/cmdline"):
            assert token not in Path(f"/proc/{running.pid}/cmdline").read_text()
        with socket.create_connection((HOST, address.port), timeout=60) as asked:
            asked.sendall(
                f"GET /{token}/data/index.js HTTP/1.1\r\nHost: {address.netloc}\r\nConnection: close\r\n\r\n".encode()
            )
            assert asked.makefile("rb").readline().startswith(b"HTTP/1.1 200")
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
    assert (running.returncode, err) == (0, "")
    assert token not in out


@pytest.mark.slow
def test_the_command_ends_in_order_while_a_page_is_made(run_folder, tmp_path):
    """Python, taken down around a thread that computes, aborts: the command has to end without that."""
    own = tmp_path / "slow.py"
    own.write_text(SLOW)
    with subprocess.Popen(
        [sys.executable, str(own), str(run_folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        address = urlsplit(running.stdout.readline().split()[0])
        with socket.create_connection((HOST, address.port), timeout=300) as asked:
            asked.sendall(
                f"GET {address.path}data/run/0.js HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode()
            )
            assert running.stdout.readline() == "computing\n"
            running.send_signal(signal.SIGINT)
            out, err = running.communicate(timeout=300)
    assert (running.returncode, out, err) == (0, "", "")


#: `groklens show` over a run whose page takes for ever, in the midst of torch.
SLOW = """
import sys
import torch
from groklens.cli.main import main
from groklens.explorer.pages import Pages


def computes(*asked):
    print("computing", flush=True)
    whole = torch.rand(600, 600)
    while True:
        whole = whole @ whole / 600


Pages._of_run = computes
sys.argv = ["groklens", "show", sys.argv[1], "--no-browser"]
main()
"""
