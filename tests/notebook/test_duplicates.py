"""Files of several servers that name one address: a server that has died leaves its file behind."""

from __future__ import annotations

from jupyter_notebook_stop.notebook.discovery import Server, _without_duplicates
from jupyter_notebook_stop.notebook.server_files import ServerFile


def found(host: str, port: int = 8888, sock: str = "", running: bool = True) -> tuple[ServerFile, Server]:
    file = ServerFile(host, port, sock, "/", "token", False, 4711, running)
    return file, Server(file.address(), None, "an obstacle")


def hosts(*pairs: tuple[ServerFile, Server]) -> list[str]:
    urls = [server.address.url for server in _without_duplicates(list(pairs))]
    return [next(file.host for file, server in pairs if server.address.url == url) for url in urls]


def test_the_file_of_one_that_has_died_is_no_second_server() -> None:
    assert hosts(found("127.0.0.1"), found("127.0.0.2", running=False)) == ["127.0.0.1"]
    first, second = found("127.0.0.1", running=False), found("127.0.0.2", running=False)
    assert hosts(first, second) == ["127.0.0.1"]


def test_two_that_run_with_one_port_at_two_addresses_are_two() -> None:
    assert hosts(found("127.0.0.1"), found("127.0.0.2"), found("127.0.0.2")) == ["127.0.0.1", "127.0.0.2"]


def test_two_files_of_one_that_runs_are_one() -> None:
    assert hosts(found("127.0.0.1"), found("127.0.0.1")) == ["127.0.0.1"]


def test_other_ports_are_other_servers() -> None:
    assert hosts(found("127.0.0.1", running=False), found("127.0.0.1", 8889, running=False)) == ["127.0.0.1"] * 2


def test_sockets_are_told_apart_by_their_paths() -> None:
    one, same, other = (found("", 0, path, running=False) for path in ("/run/a.sock", "/run/a.sock", "/run/b.sock"))
    assert [server for _, server in (one, other)] == _without_duplicates([one, same, other])
