"""The local API against who should not be there, and against what nobody should send: nothing reaches the cloud."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pathlib
import random
import subprocess
import sys
import threading
import time
from typing import Any, Awaitable, Callable, Dict, Iterator, List

import pytest
from tornado.httpclient import HTTPClientError
from tornado.web import create_signed_value

import jupyter_notebook_stop
from jupyter_notebook_stop.server.events import ATTEMPT_EVENT, STOP_EVENT
from jupyter_notebook_stop.simulator import (
    CutBody,
    Delay,
    Empty,
    Fault,
    Html,
    Huge,
    OtherJson,
    Redirect,
    Refuse,
    Reset,
    ThreadedSimulator,
    Throttle,
    Unavailable,
)

from ..server import conftest as server_tests
from ..server.conftest import Fetch
from .conftest import never_blocked
from .plain_server import PlainServer
from .secrecy import Witness

CONTRACT = pathlib.Path(jupyter_notebook_stop.__file__).parent / "server" / "rest-api.yml"
PATH = os.pathsep.join([str(pathlib.Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
VERBS: List[tuple[str, str, Any]] = [
    ("GET", "instance", None),
    ("POST", "stop", {}),
    ("DELETE", "stop/a1", None),
    ("PUT", "stop/a1/tabs/t1", {"state": "here"}),
]

fetch = server_tests.fetch
jp_server_config = server_tests.jp_server_config


@pytest.fixture
def stop_config() -> Dict[str, Any]:
    return {
        "poll_interval": 0.02,
        "roll_call_timeout": 0.1,
        "save_timeout": 1.0,
        "connect_timeout": 0.5,
        "read_timeout": 0.6,
        "total_timeout": 2.5,
    }


class Browser:
    """A page's way to the server: cookies instead of a token."""

    def __init__(self, client: Any, base_url: str, cookies: Dict[str, str], secret: Any) -> None:
        self._client = client
        self._base_url = base_url
        self.cookies = cookies
        self._secret = secret

    def age_login(self, days: float) -> None:
        """Replace the login cookie by one that was made so long ago."""
        for name in self.cookies:
            if name.startswith("username-"):
                user = dict.fromkeys(("username", "name", "display_name", "initials", "color"), "me")
                value = json.dumps({**user, "avatar_url": None})
                made = create_signed_value(self._secret, name, value, clock=lambda: time.time() - days * 86400)
                self.cookies[name] = made.decode()

    async def ask(self, method: str, path: str, body: Any, xsrf: str = "", **headers: str) -> int:
        sent = {"Content-Type": "application/json", **headers}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if xsrf:
            sent["X-XSRFToken"] = xsrf
        data = None if body is None else json.dumps(body)
        url = f"{self._base_url}jupyter-notebook-stop/{path}"
        try:
            response = await self._client.fetch(
                url, method=method, body=data, headers=sent, request_timeout=20, follow_redirects=False
            )
        except HTTPClientError as error:
            return int(error.code)
        return int(response.code)

    @property
    def xsrf(self) -> str:
        return self.cookies["_xsrf"]


LogIn = Callable[[], Awaitable[Browser]]


@pytest.fixture
def log_in(jp_serverapp: Any, jp_fetch: Any, http_server_client: Any, jp_base_url: str) -> LogIn:
    async def make() -> Browser:
        login = await jp_fetch("api", "me")
        pairs = (cookie.partition(";")[0].partition("=") for cookie in login.headers.get_list("Set-Cookie"))
        # Jupyter compares cookie and header alone.
        cookies = {**{name: value for name, _, value in pairs}, "_xsrf": "anything"}
        return Browser(http_server_client, jp_base_url, cookies, jp_serverapp.web_app.settings["cookie_secret"])

    return make


def body_for(simulator: ThreadedSimulator, body: Any) -> Any:
    return {"instance_id": simulator.instance_id, "save": "none"} if body == {} else body


async def test_a_page_that_is_logged_in_gets_in(log_in: LogIn, simulator: ThreadedSimulator) -> None:
    browser = await log_in()
    # Or the refusals below would prove nothing.
    browser.age_login(0)
    assert await browser.ask("GET", "instance", None) == 200
    assert await browser.ask("POST", "stop", body_for(simulator, {}), browser.xsrf) == 202


@pytest.mark.parametrize(("method", "path", "body"), VERBS)
async def test_a_login_that_has_expired(
    log_in: LogIn, simulator: ThreadedSimulator, method: str, path: str, body: Any
) -> None:
    browser = await log_in()
    browser.age_login(40)
    assert await browser.ask(method, path, body_for(simulator, body), browser.xsrf) == 403
    assert simulator.count() == 0


@pytest.mark.parametrize(("method", "path", "body"), VERBS)
async def test_a_login_that_was_forged(
    log_in: LogIn, simulator: ThreadedSimulator, method: str, path: str, body: Any
) -> None:
    browser = await log_in()
    browser._secret = "guessed"
    browser.age_login(0)
    assert await browser.ask(method, path, body_for(simulator, body), browser.xsrf) == 403
    assert simulator.count() == 0


@pytest.mark.parametrize("xsrf", ["", "wrong"])
@pytest.mark.parametrize(("method", "path", "body"), VERBS[1:])
async def test_a_page_without_the_right_xsrf_token(
    log_in: LogIn, simulator: ThreadedSimulator, method: str, path: str, body: Any, xsrf: str
) -> None:
    browser = await log_in()
    assert await browser.ask(method, path, body_for(simulator, body), xsrf) == 403
    assert simulator.count() == 0


@pytest.mark.parametrize(("method", "path", "body"), VERBS)
@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:1", "null"])
async def test_a_page_of_another_origin(
    log_in: LogIn, simulator: ThreadedSimulator, method: str, path: str, body: Any, origin: str
) -> None:
    browser = await log_in()
    # Even with cookie and XSRF token; Jupyter hides itself from another origin.
    sent = body_for(simulator, body)
    assert await browser.ask(method, path, sent, browser.xsrf, Origin=origin) == 404
    assert simulator.count() == 0


@pytest.mark.parametrize(("method", "path", "body"), VERBS)
async def test_a_wrong_token_in_the_address(
    log_in: LogIn, simulator: ThreadedSimulator, method: str, path: str, body: Any
) -> None:
    browser = await log_in()
    browser.cookies.clear()
    assert await browser.ask(method, f"{path}?token=guessed", body_for(simulator, body)) == 403
    assert simulator.count() == 0


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
async def test_a_stop_is_a_post_and_nothing_else(fetch: Fetch, simulator: ThreadedSimulator, method: str) -> None:
    body = json.dumps(body_for(simulator, {})).encode() if method in ("PUT", "PATCH") else None
    status, _ = await fetch(method, "stop", raw=body)
    assert status == 405
    assert simulator.count() == 0


MALFORMED: List[Any] = [
    "",
    "x",
    "../../stop",
    " {own}",
    "{own}/../{own}",
    "{own}\n",
    "00000000-0000-4000-8000-000000000000",
    "x" * 100,
    None,
    5,
    True,
    "x" * 100_000,
    ["{own}"],
    {"id": "{own}"},
]


@pytest.mark.parametrize("instance_id", MALFORMED, ids=lambda value: repr(value)[:30])
async def test_another_instance_or_none(fetch: Fetch, simulator: ThreadedSimulator, instance_id: Any) -> None:
    text = json.dumps({"instance_id": instance_id, "save": "none"}).replace("{own}", simulator.instance_id)
    status, problem = await fetch("POST", "stop", raw=text.encode())
    well_formed = isinstance(instance_id, str) and len(instance_id) <= 100
    expected = (409, "wrong_instance") if well_formed else (400, "bad_request")
    assert (status, problem["code"]) == expected
    assert len(json.dumps(problem)) < 2000
    assert simulator.count() == 0


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", ""]
)
@pytest.mark.parametrize(("method", "path", "body"), [VERBS[1], VERBS[3]])
async def test_what_a_form_can_send(
    fetch: Fetch,
    simulator: ThreadedSimulator,
    method: str,
    path: str,
    body: Any,
    content_type: str,
) -> None:
    sent = body_for(simulator, body)
    status, problem = await fetch(method, *path.split("/"), body=sent, headers={"Content-Type": content_type})
    # What claims to be a multipart form and is none, tornado refuses before us.
    assert (status, problem["code"]) in [(400, "bad_request"), (400, "http_400")]
    assert simulator.count() == 0


BODIES = [b"", b"null", b"[]", b'"stop"', b"{", b"\xff\xfe", b'{"instance_id": "\xff"}', b"[" * 200_000, b"{}" * 2]


@pytest.mark.parametrize("raw", BODIES, ids=lambda raw: repr(raw[:12]))
@pytest.mark.parametrize(("method", "path"), [("POST", "stop"), ("PUT", "stop/a1/tabs/t1")])
async def test_a_body_of_another_form(
    fetch: Fetch,
    simulator: ThreadedSimulator,
    method: str,
    path: str,
    raw: bytes,
) -> None:
    status, problem = await fetch(method, *path.split("/"), raw=raw)
    assert (status, problem["code"]) == (400, "bad_request")
    assert simulator.count() == 0


@pytest.mark.parametrize(("method", "path"), [("POST", "stop"), ("PUT", "stop/a1/tabs/t1")])
async def test_a_body_of_ten_megabytes(fetch: Fetch, simulator: ThreadedSimulator, method: str, path: str) -> None:
    async with never_blocked():
        status, _ = await fetch(method, *path.split("/"), raw=b'{"instance_id": "' + b"x" * 10_000_000 + b'"}')
    assert status == 413
    assert simulator.count() == 0


@pytest.mark.parametrize("name", ["tab", "attempt"])
@pytest.mark.parametrize("value", ["a b", "../x", "a\n", "\n", "", "x" * 65, "é", "<b>"])
async def test_a_name_of_another_form(fetch: Fetch, simulator: ThreadedSimulator, name: str, value: str) -> None:
    status, problem = await fetch("POST", "stop", body={**body_for(simulator, {}), name: value})
    assert (status, problem["code"]) == (400, "bad_request")
    assert simulator.count() == 0


@pytest.mark.parametrize("schema", [STOP_EVENT, ATTEMPT_EVENT])
@pytest.mark.parametrize("phase", ["saving", "stopping", "accepted", "cancelled"])
async def test_a_forged_event_stops_nothing(
    jp_fetch: Any,
    fetch: Fetch,
    simulator: ThreadedSimulator,
    witness: Witness,
    schema: str,
    phase: str,
) -> None:
    common = {"attempt": "forged", "instance_id": simulator.instance_id, "source": "api", "save": "all"}
    record: Dict[str, Any] = {
        "outcome": phase,
        "user": None,
        "code": None,
        "message": None,
        "tabs": [],
        "silent_tabs": 0,
    }
    data = {**common, **({"phase": phase} if schema == STOP_EVENT else record)}
    event = json.dumps({"schema_id": schema, "version": "1", "data": data})
    assert (await jp_fetch("api", "events", method="POST", body=event)).code == 204
    assert any("forged" in seen for seen in witness.seen("event"))
    await asyncio.sleep(0.05)
    assert simulator.count() == 0
    _, view = await fetch("GET", "instance")
    assert view["attempt"] is None
    assert (await fetch("DELETE", "stop", "forged"))[0] == 404
    assert simulator.count("stop") == 0


REPRESENTATIVE: List[tuple[str, Fault, int, int]] = [
    ("403", Refuse(), 502, 1),
    ("401", Refuse(401, "APIGW.0301"), 502, 1),
    ("404-html", Refuse(404, "APIGW.0101", shape="html"), 502, 1),
    ("409-state", Refuse(400, "ModelArts.6326"), 409, 1),
    ("already", Refuse(400, "ModelArts.6308", "stopping"), 202, 1),
    ("429", Throttle(retry_after=60), 502, 1),
    ("503", Unavailable(takes_effect=True), 202, 1),
    ("reset-after", Reset(when="after"), 202, 1),
    ("silence", Delay(30.0, "after"), 202, 1),
    ("cut", CutBody(), 202, 1),
    ("empty", Empty(204, takes_effect=True), 202, 1),
    ("html", Html(200, takes_effect=True), 202, 1),
    ("json", OtherJson("list", takes_effect=True), 202, 1),
    ("huge", Huge(10 << 20), 202, 1),
    ("redirect", Redirect(), 502, 1),
    ("reset-before", Reset(), 504, 1),
]


@pytest.mark.parametrize(
    ("name", "fault", "expected", "sent"), REPRESENTATIVE, ids=[each[0] for each in REPRESENTATIVE]
)
@pytest.mark.usefixtures("short_pauses")
async def test_a_fault_of_the_cloud_through_the_local_api(
    fetch: Fetch,
    simulator: ThreadedSimulator,
    name: str,
    fault: Fault,
    expected: int,
    sent: int,
) -> None:
    async with never_blocked():
        simulator.faults.add("stop", fault, times=None)
        began = time.monotonic()
        status, answer = await fetch("POST", "stop", body=body_for(simulator, {}))
        assert time.monotonic() - began < 10
        assert status == expected, answer
        if status != 202:
            assert answer["message"]
            assert answer["remedy"]
        assert simulator.count("stop") == sent
        assert sum(request.status == 401 for request in simulator.requests) <= 1
        simulator.faults.clear()
        status, view = await fetch("GET", "instance")
        assert (status, view["id"]) == (200, simulator.instance_id)
        for _ in range(200):
            _, view = await fetch("GET", "instance")
            if view["attempt"]["phase"] not in ("accepted", "stopping"):
                break
            if name == "already":
                # The cloud only said so; now it is.
                simulator.instance.status = "STOPPED"
            await asyncio.sleep(0.02)
        simulator.instance.status = "RUNNING"
        simulator.requests.clear()
        status, _ = await fetch("POST", "stop", body=body_for(simulator, {}))
        assert (status, simulator.count("stop")) == (202, 1)


@pytest.mark.parametrize("fault", [each[1] for each in REPRESENTATIVE], ids=[each[0] for each in REPRESENTATIVE])
@pytest.mark.usefixtures("short_pauses")
async def test_a_fault_of_the_cloud_while_a_page_looks(
    fetch: Fetch, simulator: ThreadedSimulator, fault: Fault
) -> None:
    async with never_blocked():
        simulator.faults.add("show", fault, times=None)
        began = time.monotonic()
        for _ in range(3):
            status, view = await fetch("GET", "instance")
            assert (status, view["id"], view["status"]) == (200, simulator.instance_id, None)
            assert view["error"]["message"]
            assert view["error"]["remedy"]
        assert time.monotonic() - began < 3 * 4
        assert sum(request.status == 401 for request in simulator.requests) <= 1
        simulator.faults.clear()
        status, _ = await fetch("POST", "stop", body=body_for(simulator, {}))
        assert (status, simulator.count("stop")) == (202, 1)


def _well(simulator: ThreadedSimulator) -> None:
    if simulator.instance.status == "STOPPED":
        simulator.instance.status = "RUNNING"


# None that takes or stands for a while.
LASTING = ("401", "already", "429", "silence", "huge")
CHANCE = random.Random(1)
AILMENTS = [fault for name, fault, _, _ in REPRESENTATIVE if name not in LASTING]


def _ailing(simulator: ThreadedSimulator) -> None:
    _well(simulator)
    simulator.faults.clear()
    if CHANCE.random() < 0.5:
        simulator.faults.add("any", CHANCE.choice(AILMENTS))
    else:
        # However slow everything is, some stop gets as far as the cloud's no.
        simulator.faults.add("stop", Refuse())


@contextlib.contextmanager
def always(act: Callable[[], None]) -> Iterator[None]:
    """Act again and again meanwhile, seldom enough for the server to see what comes of it."""
    over = threading.Event()

    def go_on() -> None:
        while not over.wait(0.3):
            act()

    thread = threading.Thread(target=go_on)
    thread.start()
    yield
    over.set()
    thread.join()


NOT_CHECKED = [
    # It asks for 401, Jupyter answers 403.
    "missing_required_header",
    # The next attempt takes the place of one that has ended.
    "ensure_resource_availability",
]


@pytest.mark.parametrize(("cloud", "unchecked"), [(_well, []), (_ailing, ["not_a_server_error"])])
def test_no_answer_leaves_the_contract(
    simulator: ThreadedSimulator,
    tmp_path: pathlib.Path,
    cloud: Callable[[ThreadedSimulator], None],
    unchecked: List[str],
) -> None:
    limits = ["--NotebookStop.save_timeout=1", "--NotebookStop.total_timeout=2"]
    server = PlainServer(tmp_path / "server", simulator, arguments=limits)
    # 413 is a way to refuse a body as well.
    statuses = "[400, 401, 403, 404, 405, 409, 413]"
    settings = f"[checks]\nnegative_data_rejection.expected-statuses = {statuses}\n"
    (tmp_path / "schemathesis.toml").write_text(settings, encoding="utf-8")
    try:
        command = [
            *(sys.executable, "-m", "schemathesis.cli", "run", str(CONTRACT), "--url", server.url.rstrip("/")),
            *("--header", f"Authorization: token {server.token}", "--max-examples", "50", "--seed", "1"),
            *("--phases", "coverage,fuzzing,stateful", "--continue-on-failure"),
            *("--request-timeout", "20", "--no-color"),
            *("--exclude-checks", ",".join([*NOT_CHECKED, *unchecked])),
        ]
        environ = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.hostile.schemathesis_hooks", "PYTHONPATH": PATH}
        with always(lambda: cloud(simulator)):
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=180, cwd=tmp_path, env=environ, check=False
            )
        said = done.stdout[-6000:] + done.stderr[-2000:]
        assert done.returncode == 0, said
        for phase in ("Coverage", "Fuzzing", "Stateful"):
            assert f"✅ {phase}" in done.stdout, said
        answers = "\n" + (tmp_path / "answers.log").read_text(encoding="utf-8")
        for status in (200, 202, 400, 403, 404, 405, 409, 413, *((502,) if unchecked else ())):
            assert f"\n{status} " in answers, f"nothing was answered {status}"
        assert simulator.count() >= 5, "hardly a request reached the cloud"
        assert server.process.poll() is None
        assert "Traceback" not in server.log.read_text(encoding="utf-8")
    finally:
        server.close()
