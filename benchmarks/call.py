"""One stop through our client, beside the official SDK and a bare httpx POST, warm and in fresh processes."""

from __future__ import annotations

import asyncio
import datetime
import statistics
import time
import warnings
from typing import Any, Awaitable, Callable, Mapping

import httpx

from jupyter_notebook_stop.modelarts import models
from jupyter_notebook_stop.modelarts.auth import authorize
from jupyter_notebook_stop.modelarts.client import NotebooksClient
from jupyter_notebook_stop.modelarts.credentials import CredentialChain, Credentials
from jupyter_notebook_stop.redaction import Secret

from . import measure, plots
from .measure import fresh, interleaved
from .report import Section, ms
from .stand_in import secure_stand_in, stand_in

OURS, BARE, SDK = "our client", "bare httpx POST", "official SDK"
ALONE = "our client, by itself"
CALLS = 40
"""How many calls make up one measurement, whose median counts."""

_MARKS = """
import json, os, time
given = os.environ
begin = float(given["BENCHMARK_BEGAN"])
marks = {"Python starts": time.monotonic() - begin}
def mark(name):
    marks[name] = time.monotonic() - begin - sum(marks.values())
"""

_COLD_OURS = f"""{_MARKS}
import asyncio
mark("import of asyncio")
from jupyter_notebook_stop.modelarts import tls
from jupyter_notebook_stop.modelarts.threads import start
# As the package itself does: beside what is still to be loaded.
context = start(tls.create_context)
from jupyter_notebook_stop.modelarts.http_library import httpx
mark("import of httpx, TLS context beside it")
from jupyter_notebook_stop.modelarts.client import NotebooksClient
from jupyter_notebook_stop.modelarts.credentials import CredentialChain, Credentials
from jupyter_notebook_stop.redaction import Secret
async def main():
    keys = Credentials(
        source="the environment",
        access_key=Secret(given["HUAWEICLOUD_SDK_AK"]),
        secret_key=Secret(given["HUAWEICLOUD_SDK_SK"]),
        security_token=Secret(given["HUAWEICLOUD_SDK_SECURITY_TOKEN"]),
    )
    client = NotebooksClient(
        endpoint=given["MODELARTS_ENDPOINT"],
        project_id=given["PROJECT_ID"],
        chain=CredentialChain([("given", lambda: keys)]),
        verify=context.result(),
    )
    mark("import of our client")
    assert (await client.stop(given["INSTANCE_ID"])).status == "STOPPING"
    mark("connection, request and response")
    print(json.dumps({{"answer": time.monotonic() - begin, **marks}}))
    await client.aclose()
asyncio.run(main())
"""

_COLD_ALONE = f"""{_MARKS}
import asyncio
from jupyter_notebook_stop.config import NotebookStop
from jupyter_notebook_stop.modelarts.connection import Connection
async def main():
    connection = Connection(NotebookStop())
    client = await connection.connect()
    assert (await client.stop(connection.identity.instance_id.value)).status == "STOPPING"
    print(json.dumps({{"answer": time.monotonic() - begin}}))
    await connection.aclose()
asyncio.run(main())
"""

_COLD_SDK = """
import json, os, time, warnings
warnings.simplefilter("ignore")
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkmodelarts.v1 import ModelArtsClient, StopNotebookRequest
given = os.environ
keys = BasicCredentials(given["HUAWEICLOUD_SDK_AK"], given["HUAWEICLOUD_SDK_SK"], given["PROJECT_ID"])
keys = keys.with_security_token(given["HUAWEICLOUD_SDK_SECURITY_TOKEN"])
builder = ModelArtsClient.new_builder().with_credentials(keys).with_endpoints([given["MODELARTS_ENDPOINT"]])
client = builder.with_http_config(HttpConfig(ssl_ca_cert=given["SSL_CERT_FILE"])).build()
answer = client.stop_notebook(StopNotebookRequest(id=given["INSTANCE_ID"]))
assert answer.status == "STOPPING", answer.status
print(json.dumps({"answer": time.monotonic() - float(given["BENCHMARK_BEGAN"])}))
"""


def run(quick: bool) -> Section:
    """Measure the call, warm and cold."""
    section = Section("A call: the client beside others")
    warnings.simplefilter("ignore")
    with stand_in() as inside:
        warm = asyncio.run(_warm(section, inside, 5 if quick else 25))
    with secure_stand_in() as inside:
        cold = _cold(section, inside, 3 if quick else 15)
    with plots.saved("call", columns=2, height=1.9) as (left, right):
        plots.bars(left, "Warm: one stop", {name: value * 1000 for name, value in warm.items()}, [OURS], "ms")
        plots.bars(right, "From start of the process to the answer", cold, [OURS], "s")
    section.picture("call", "A stop by our client, by the official SDK and by bare httpx")
    return section


def _signed(inside: Mapping[str, str]) -> tuple[httpx.Request, Credentials]:
    """Return a stop, signed, and the keys."""
    keys = Credentials(
        source="the stand-in's keys",
        access_key=Secret(inside["HUAWEICLOUD_SDK_AK"]),
        secret_key=Secret(inside["HUAWEICLOUD_SDK_SK"]),
        security_token=Secret(inside["HUAWEICLOUD_SDK_SECURITY_TOKEN"]),
    )
    path = f"/v1/{inside['PROJECT_ID']}/notebooks/{inside['INSTANCE_ID']}/stop"
    request = httpx.Request("POST", inside["MODELARTS_ENDPOINT"] + path, headers={"Content-Type": "application/json"})
    authorize(request, keys, inside["PROJECT_ID"], datetime.datetime.now(datetime.timezone.utc))
    return request, keys


def _official(inside: Mapping[str, str]) -> Any:
    from huaweicloudsdkcore.auth.credentials import BasicCredentials  # type: ignore[import-untyped]
    from huaweicloudsdkmodelarts.v1 import ModelArtsClient  # type: ignore[import-untyped]

    keys = BasicCredentials(inside["HUAWEICLOUD_SDK_AK"], inside["HUAWEICLOUD_SDK_SK"], inside["PROJECT_ID"])
    keys = keys.with_security_token(inside["HUAWEICLOUD_SDK_SECURITY_TOKEN"])
    builder = ModelArtsClient.new_builder().with_credentials(keys)
    return builder.with_endpoints([inside["MODELARTS_ENDPOINT"]]).build()


async def _warm(section: Section, inside: Mapping[str, str], rounds: int) -> dict[str, float]:
    from huaweicloudsdkmodelarts.v1 import StopNotebookRequest

    official, instance = _official(inside), inside["INSTANCE_ID"]
    signed, keys = _signed(inside)
    ours = NotebooksClient(
        endpoint=inside["MODELARTS_ENDPOINT"],
        project_id=inside["PROJECT_ID"],
        chain=CredentialChain([("the stand-in's keys", lambda: keys)]),
        verify=httpx.create_ssl_context(),
    )
    body = b""
    async with httpx.AsyncClient(trust_env=False) as bare:

        async def by_httpx() -> None:
            nonlocal body
            # What it is signed with is computed once: only the exchange is measured.
            response = await bare.post(signed.url, headers=signed.headers)
            assert response.status_code == 200, response.text
            body = response.content

        async def by_us() -> None:
            assert (await ours.stop(instance)).status == "STOPPING"

        async def by_sdk() -> None:
            assert official.stop_notebook(StopNotebookRequest(id=instance)).status == "STOPPING"

        calls = {BARE: by_httpx, OURS: by_us, SDK: by_sdk}
        taken: dict[str, list[float]] = {name: [] for name in calls}
        for number in range(rounds + 1):
            medians = await _medians_of(calls)
            if number:
                for name, seconds in medians.items():
                    taken[name].append(seconds)
    await ours.aclose()
    found = {name: statistics.median(values) for name, values in taken.items()}
    section.say(
        "Warm: a client that has connected before asks the stand-in, in a process of its own, to stop an instance. The"
        f" httpx POST carries a signature that was made before. Medians of {rounds} rounds of {CALLS} calls, in turn."
    )
    rows = []
    for name in calls:
        ratios = [statistics.median(a / b for a, b in zip(taken[name], taken[other])) for other in (BARE, SDK)]
        rows.append([name, ms(found[name]), *(f"{ratio:.2f}" for ratio in ratios)])
    section.table(["warm", "time", "beside httpx", "beside the SDK"], rows)
    _warm_steps(section, found, signed, keys, inside["PROJECT_ID"], body)
    return found


async def _medians_of(calls: Mapping[str, Callable[[], Awaitable[None]]]) -> dict[str, float]:
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(CALLS):
        # One by one in turn, so that whatever else the machine does meets all of them.
        for name, call in calls.items():
            begin = time.perf_counter()
            await call()
            seconds[name].append(time.perf_counter() - begin)
    return {name: statistics.median(values) for name, values in seconds.items()}


def _warm_steps(
    section: Section, found: dict[str, float], signed: httpx.Request, keys: Credentials, project: str, body: bytes
) -> None:
    def best(action: Callable[[], object]) -> float:
        seconds = []
        for _ in range(500):
            begin = time.perf_counter()
            action()
            seconds.append(time.perf_counter() - begin)
        return statistics.median(seconds)

    def sign() -> None:
        authorize(signed, keys, project, datetime.datetime.now(datetime.timezone.utc))

    steps = {"signature": best(sign), "decoding and checking the response": best(lambda: models.decode(body))}
    steps = {"the exchange, as by bare httpx": found[BARE], **steps}
    rest = found[OURS] - sum(steps.values())
    steps["credentials, time limits, tracing, what else there is"] = max(rest, 0.0)
    rows = [[name, ms(seconds), f"{seconds / found[OURS]:.0%}"] for name, seconds in steps.items()]
    section.table(["where the time of a warm call goes", "time", "share"], rows)


def _cold(section: Section, inside: Mapping[str, str], rounds: int) -> dict[str, float]:
    found = interleaved(
        {
            OURS: lambda: fresh(["-c", _COLD_OURS], inside),
            ALONE: lambda: fresh(["-c", _COLD_ALONE], inside),
            SDK: lambda: fresh(["-c", _COLD_SDK], inside),
        },
        rounds,
    )
    answers = measure.medians(found, "answer")
    section.say(
        "Cold: from the start of a Python process until it has the answer, over TLS, with the authorities that one"
        f" usually trusts. Medians of {rounds} processes each, in turn. The client and the SDK are given the same keys;"
        " cells and the terminal find out by themselves which instance this is, and with which keys."
    )
    rows = []
    for name in (OURS, ALONE, SDK):
        ratio = statistics.median(a["answer"] / b["answer"] for a, b in zip(found[name], found[SDK]))
        rows.append([name, ms(answers[name]), f"{ratio:.2f}"])
    section.table(["cold", "time", "beside the SDK"], rows)
    steps = [name for name in found[OURS][0] if name not in ("answer", "process")]
    rows = []
    for step in steps:
        seconds = statistics.median(each[step] for each in found[OURS])
        rows.append([step, ms(seconds), f"{seconds / answers[OURS]:.0%}"])
    section.table(["where the time of a cold call goes", "time", "share"], rows)
    return answers
