"""The report from the field, with canaries in every secret and a service that sends them back wherever it can."""

from __future__ import annotations

import json
import os
import pathlib
from typing import Any, Dict, List

import pytest

from jupyter_notebook_stop.simulator import Answer, ThreadedSimulator

from ..commands import QuickCommands
from ..conftest import instance_environment
from .canaries import AK, CANARIES, ECHO, JUPYTER, SECURITY, SK, TOKEN, simulator
from .plain_server import PlainServer
from .secrecy import Witness

__all__ = ["simulator"]

PEOPLE = ("Alice-Liddell", "wonderland-account", "alice@wonderland.example", "rabbit-hole-bucket")
VARIABLES = {
    "HTTPS_PROXY": "http://canary-proxy-user:canary-proxy-password@127.0.0.1:9",
    "NO_PROXY": "127.0.0.1,canary-internal-host.example",
    "JUPYTERHUB_API_TOKEN": "canary-hub-token-0123456789",
    "JUPYTERHUB_USER": "Alice-Liddell",
    "MA_SOMETHING": "canary-of-the-platform",
    "MODELARTS_ACCOUNT": "wonderland-account",
    "UNRELATED_PASSWORD": "canary-unrelated-password",
    "HC_canary_0123456789AB": "x",
}


@pytest.fixture(autouse=True)
def named(simulator: ThreadedSimulator) -> None:
    """Name the instance after somebody."""
    simulator.instance.name = PEOPLE[0]


def variables_of(simulator: ThreadedSimulator, kind: str) -> Dict[str, str]:
    given = {**instance_environment(simulator), **VARIABLES, "HUAWEICLOUD_SDK_AK": AK, "HUAWEICLOUD_SDK_SK": SK}
    given["HUAWEICLOUD_SDK_SECURITY_TOKEN"] = SECURITY
    return {**given, "MODELARTS_AUTH_TOKEN": TOKEN} if kind == "token" else given


LIMIT = "--NotebookStop.total_timeout=1.5"
SECRETS = (AK, SK, SECURITY, TOKEN, JUPYTER)


def hostile_notebook(simulator: ThreadedSimulator) -> Dict[str, Any]:
    """Return an instance whose every place holds a secret or somebody's name: names, values, deep inside, far along."""
    names: Dict[str, Any] = {secret: secret for secret in SECRETS}
    names.update({secret.replace("-", "_"): 1 for secret in SECRETS})
    names.update({secret.upper(): [secret] for secret in SECRETS})
    names.update({"x" * 100_0: 1, "a\nb": 1, PEOPLE[2]: 1, "x_" + SK[10:30].replace("-", "_"): 1})
    deep: Any = {SK: SK}
    for number in range(60):
        deep = {f"level_{number % 10}": [deep, {AK.lower(): TOKEN}]}
    return {
        "id": simulator.instance_id,
        "status": "canarySkSecret",
        "feature": AK,
        "name": PEOPLE[0],
        "token": JUPYTER,
        "billing_items": [SK, TOKEN],
        "lease": {"type": SECURITY, "enable": SK, "duration": TOKEN, **names},
        "user": {"id": "x", "name": PEOPLE[0], "domain": {"name": PEOPLE[1]}},
        "data_volumes": [{"uri": f"obs://{PEOPLE[3]}/x", "category": PEOPLE[3]}],
        "description": f"{PEOPLE[2]} wrote {ECHO}",
        "fail_reason": ECHO,
        "long_text": SK * 200,
        "deep": deep,
        **names,
    }


def answers_of(simulator: ThreadedSimulator) -> List[Answer]:
    notebook = json.dumps(hostile_notebook(simulator))
    errors = [{"error_code": code, "error_msg": f"{PEOPLE[2]}: {ECHO}", SK: AK} for code in (AK, ECHO, "ModelArts.1")]
    # The last one has a stop accepted, which is the last that is read then.
    return [
        *(Answer(status, json.dumps(error)) for status, error in zip((403, 500, 400), errors)),
        Answer(500, f"<html><title>{ECHO}</title>{SK}</html>", f"text/{SK.lower()}"),
        Answer(200, f"{SK} no JSON {TOKEN}", SK),
        Answer(200, "[" * 3000 + json.dumps(SK) + "]" * 3000),
        Answer(200, notebook),
    ]


def report(quick: QuickCommands, environment: Dict[str, str], path: pathlib.Path) -> str:
    ended = quick.run(["doctor", f"--report={path}", "--yes", LIMIT], environment, path.parent)
    assert ended.code == 0, ended.err
    text = path.read_text(encoding="utf-8")
    assert ended.out.startswith(text)
    # What reached the terminal besides is searched as well.
    print(ended.out, ended.err)
    assert max(map(len, text.splitlines())) < 500
    assert len(text) < 60_000
    return text


@pytest.mark.parametrize(("kind", "served"), [("token", False), ("keys", True)], ids=["alone", "beside-a-server"])
def test_a_report_has_nothing_secret(
    simulator: ThreadedSimulator,
    witness: Witness,
    quick: QuickCommands,
    tmp_path: pathlib.Path,
    kind: str,
    served: bool,
) -> None:
    given = variables_of(simulator, kind)
    folders = {"HOME": str(tmp_path / "home-of-Alice-Liddell"), "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime")}
    for folder in folders.values():
        pathlib.Path(folder).mkdir()
    environment = {**os.environ, **given, **folders}
    server = PlainServer(tmp_path / "server", simulator, arguments=[LIMIT], **given) if served else None
    hidden = {*PEOPLE, simulator.instance_id, simulator.project_id, "canary", str(tmp_path)}
    if server is not None:
        hidden.add(server.token)
        environment["JUPYTER_RUNTIME_DIR"] = str(tmp_path / "server" / "runtime")
    # What the server itself writes into its files is searched elsewhere.
    searched = Witness()
    searched.secrets = {*CANARIES, *VARIABLES.values()} - {"x"}
    try:
        for number, answer in enumerate(answers_of(simulator)):
            simulator.faults.clear()
            simulator.faults.add("any", answer, times=None)
            if server is not None:
                server.ask("POST", "jupyter-notebook-stop/stop", {"instance_id": simulator.instance_id, "save": "none"})
            text = report(quick, environment, tmp_path / f"report-{number}.txt")
            searched.note("report", text)
            searched.search()
            lines = [line for line in text.splitlines() if any(each.lower() in line.lower() for each in hidden)]
            assert lines == []
            assert f"GET notebook: HTTP {answer.status}" in text
            assert "MODELARTS_ACCOUNT" in text
            assert served is ("last log lines" in text)
    finally:
        if server is not None:
            server.close()
    # The view shows free texts that the service returns on purpose, whatever is in them.
    witness.lines.clear()


def test_a_report_where_all_is_well(simulator: ThreadedSimulator, quick: QuickCommands, tmp_path: pathlib.Path) -> None:
    given = variables_of(simulator, "keys")
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    environment = {**os.environ, **given, "HOME": str(tmp_path), "JUPYTER_RUNTIME_DIR": str(runtime)}
    text = report(quick, environment, tmp_path / "report.txt")
    assert "canary" not in text.lower()
    assert "none found" in text
