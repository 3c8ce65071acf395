"""The extension disturbs nobody, also under load and also when it can't start."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import time
import uuid
from typing import Any, Dict

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_notebook_stop.config import NotebookStop
from jupyter_notebook_stop.errors import NotebookStopError
from jupyter_notebook_stop.modelarts import models
from jupyter_notebook_stop.modelarts.connection import Connection
from jupyter_notebook_stop.modelarts.error_codes import error_from_response
from jupyter_notebook_stop.modelarts.models import Notebook, decode
from jupyter_notebook_stop.notebook import rendering
from jupyter_notebook_stop.policy.instance import ThisInstance
from jupyter_notebook_stop.schema import Instance
from jupyter_notebook_stop.server.handlers import MAX_AGE
from jupyter_notebook_stop.simulator import ThreadedSimulator
from jupyter_notebook_stop.translation import ENGLISH, encode_translated

from ..examples import examples
from ..server.conftest import Fetch
from .conftest import judge_block, never_blocked
from .plain_server import PlainServer


@pytest.fixture
def stop_config() -> Dict[str, Any]:
    # The stop that is followed is no read of a page: it must not look while these are counted.
    return {"poll_interval": 30.0, "roll_call_timeout": 0.1, "save_timeout": 1.0}


def test_jupyterlabs_own_check_passes(tmp_path: pathlib.Path) -> None:
    folders = {f"JUPYTER_{name}_DIR": str(tmp_path / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    done = subprocess.run(
        [sys.executable, "-m", "jupyterlab.browser_check", "--no-browser-test", "--allow-root"],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
        env={**os.environ, **folders, "HOME": str(tmp_path)},
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "jupyter_notebook_stop | extension was successfully loaded" in said
    assert "Traceback" not in said


async def test_a_hundred_stops_and_a_hundred_reads(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    simulator.instance.step_seconds = 30.0
    body = {"instance_id": simulator.instance_id, "save": "none"}
    began = time.monotonic()
    async with never_blocked():
        stops = [fetch("POST", "stop", body=body) for _ in range(100)]
        reads = [fetch("GET", "instance") for _ in range(100)]
        answers = await asyncio.gather(*(one for pair in zip(stops, reads) for one in pair))
    assert [status for status, _ in answers] == [202, 200] * 100
    assert len({answer["attempt"]["id"] for _, answer in answers[::2]}) == 1
    assert all(view["error"] is None for _, view in answers[1::2])
    assert simulator.count("stop") == 1
    # What was read is good for a while.
    assert simulator.count("show") < 3 + (time.monotonic() - began) / MAX_AGE


FIRST_USE = """
import asyncio, sys
from jupyter_notebook_stop.config import NotebookStop
from jupyter_notebook_stop.modelarts.connection import Connection
from jupyter_notebook_stop.policy.instance import ThisInstance
from tests.hostile.ticker import ticking

async def main():
    this = ThisInstance(Connection(NotebookStop()))
    assert "httpx" not in sys.modules
    async with ticking() as ticker:
        await this.show()
    assert "httpx" in sys.modules
    await this.aclose()
    print(ticker.worst)

asyncio.run(main())
"""


def test_the_first_use_loads_without_blocking(environment: Dict[str, str]) -> None:
    here = pathlib.Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", FIRST_USE], capture_output=True, text=True, timeout=60, cwd=here, check=False
    )
    assert done.returncode == 0, done.stderr
    judge_block(float(done.stdout))


def test_a_wrong_setting_disturbs_no_other(simulator: ThreadedSimulator, tmp_path: pathlib.Path) -> None:
    server = PlainServer(tmp_path / "server", simulator, arguments=["--NotebookStop.read_timeout=never"])
    assert server.ask("GET", "api/status")[0] == 200
    server.close()
    said = server.log.read_text(encoding="utf-8")
    assert "extension failed loading" in said
    assert "has no attribute" not in said, "its end disturbs the end of the others"


STRUCTS = (Notebook, models.Lease, models.JobProgress, models.VolumeRes, models.Pool)
fields = st.sampled_from(
    ["error_code", "error_msg", "errorCode", "code", "message", "error"]
    + [name for struct in STRUCTS for name in struct.__struct_fields__]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | fields, inner, max_size=4),
    max_leaves=12,
)
numbers = st.integers(-(2**70), 2**70) | st.floats()
described = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("name", "status", "flavor", "fail_reason", "billing_items", "pool", "volume"), values),
        "lease": st.fixed_dictionaries(
            {"enable": st.booleans(), "type": st.sampled_from(["TIMING", "idle", None, "x"]) | values},
            optional={"create_at": numbers, "update_at": numbers, "duration": numbers},
        ),
        "action_progress": st.lists(st.fixed_dictionaries({"step": numbers | values, "status": values}), max_size=3),
    },
)
thorough = settings(
    max_examples=examples(250), deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@thorough
@given(values, st.integers(100, 599), st.binary(max_size=4))
def test_any_json_is_a_result_or_a_typed_error(value: Any, status: int, noise: bytes) -> None:
    for body in (json.dumps(value).encode(), json.dumps(value).encode() + noise):
        with contextlib.suppress(ValueError):
            assert isinstance(decode(body), Notebook)
        error = error_from_response(status, {}, body)
        assert isinstance(error, NotebookStopError)
        assert error.message
        assert error.remedy


@thorough
@given(described | values)
def test_any_json_can_be_shown(value: Any) -> None:
    environ = {"INSTANCE_ID": str(uuid.UUID(int=1)), "PROJECT_ID": "0" * 32, "MODELARTS_ENDPOINT": "http://127.0.0.1"}
    this = ThisInstance(Connection(NotebookStop(), environ=environ, hostname="somewhere"))
    with contextlib.suppress(ValueError):
        this.reader.remember(decode(json.dumps(value).encode()))
    view = this.view()
    assert (
        msgspec.json.decode(
            msgspec.json.encode(view, enc_hook=lambda text: encode_translated(text, ENGLISH)), type=Instance
        )
        == view
    )
    assert view.id in rendering.instance_text(view)
    assert "</div>" in rendering.instance_html(view)
