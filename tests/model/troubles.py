"""What the model is made of: kinds of tabs, faults of the cloud, and what else may happen."""

from __future__ import annotations

from hypothesis import strategies as st

from jupyter_notebook_stop.simulator.faults import Delay, DropStop, Fault, Reset
from jupyter_notebook_stop.simulator.replacements import Html, Refuse, Throttle

from .cloud import LATE, OfAnother

PAUSES = [0.0, 0.005, 0.015, 0.025, 0.5, 1.0, 2.0, 2.1, 3.0, 5.0, 16.0, 45.0, 61.0, 130.0, 700.0]

STOP_FAULTS: dict[str, list[Fault]] = {
    "refused": [Refuse(403)],
    "busy": [Throttle(2.0)],
    "unavailable for a while": [Throttle(2.0, status=503)],
    "an error": [Refuse(500, "ModelArts.0001", "Internal error.")],
    "an error of the proxy": [Html(502)],
    "taken, and an error of the proxy": [Html(504, takes_effect=True)],
    "lost before": [Reset("before")],
    "lost after": [Reset("after")],
    "taken late, and the answer lost": [Delay(30.0)],
    "taken, and the answer late": [Delay(30.0, "after")],
    "slow": [Delay(4.0)],
    "dropped": [DropStop()],
    "dropped, and the answer lost": [DropStop(), Reset("after")],
    "of another instance": [OfAnother()],
}
SHOW_FAULTS: dict[str, list[Fault]] = {
    "refused": [Refuse(403)],
    "rejected": [Refuse(401, "APIGW.0301", "Incorrect IAM authentication information.")],
    "busy": [Throttle(1.0)],
    "an error": [Refuse(500, "ModelArts.0001", "Internal error.")],
    "lost": [Reset("before")],
    "late": [Delay(20.0)],
    "slow": [Delay(3.0)],
    "of another instance": [OfAnother()],
}


TABS = st.fixed_dictionaries(
    {
        "hears": st.sampled_from([True, True, True, False]),
        "looks": st.booleans(),
        "delay": st.sampled_from([0.0, 0.3, 1.9, 2.5, 4.0]),
        "saving": st.sampled_from([0.0, 0.5, 6.0, 14.0]),
        "outcome": st.sampled_from(["saved", "saved", "saved", "failed", "hangs"]),
        "holds": st.booleans(),
    }
)
QUICK_TABS = st.fixed_dictionaries(
    {
        "hears": st.sampled_from([True, True, False]),
        "looks": st.just(True),
        "delay": st.sampled_from([0.0, 0.3, 1.0]),
        "saving": st.sampled_from([0.0, 0.5]),
        "outcome": st.just("saved"),
        "holds": st.booleans(),
    }
)
TROUBLES = st.one_of(
    st.tuples(st.just("stop"), st.sampled_from(sorted(STOP_FAULTS)), st.sampled_from([1, 1, 2, 10])),
    st.tuples(st.just("show"), st.sampled_from(sorted(SHOW_FAULTS)), st.sampled_from([1, 1, 3, 10])),
    st.tuples(st.just("outcome"), st.sampled_from(["", "", "RUNNING", "ERROR"]), st.sampled_from([0.0, 0.0, LATE])),
    st.tuples(st.just("network"), st.booleans(), st.none()),
    st.tuples(st.just("console"), st.sampled_from(["RUNNING", "RUNNING", "STARTING", "FROZEN"]), st.none()),
    st.tuples(st.just("end"), st.none(), st.none()),
)
FAULTS = st.sampled_from(["", *sorted(STOP_FAULTS)])
ACTIONS = st.sampled_from(
    ["", "", "cancel", "interrupt", "restart", "crash", "cancel the schedule", "restart the instance", "read nothing"]
)
