"""The modules to change, and the tests that should notice, a module's own first."""

from __future__ import annotations

MODEL = "tests/model/test_whole.py"

PAGE = "machine.ts"
"""The page's state machine, whose changes labextension/test/mutation makes."""

TARGETS = {
    "policy/schedule": [
        "tests/unit/test_schedule.py",
        "tests/unit/test_schedule_course.py",
        "tests/unit/test_schedule_file.py",
        MODEL,
    ],
    "policy/scheduler": ["tests/unit/test_scheduler.py", "tests/unit/test_scheduler_requests.py", MODEL],
    "modelarts/auth": [
        "tests/unit/test_auth.py",
        "tests/unit/test_credentials.py",
        "tests/unit/test_client_reads.py",
        "tests/unit/test_client_stop.py",
        "tests/unit/test_signature.py",
        "tests/unit/test_instance_course.py",
        "tests/unit/test_instance_reads.py",
    ],
    "modelarts/transport": [
        "tests/unit/test_transport_failures.py",
        "tests/unit/test_transport.py",
        "tests/unit/test_transport_phases.py",
    ],
    "modelarts/client": [
        "tests/unit/test_client_answers.py",
        "tests/unit/test_client_reads.py",
        "tests/unit/test_client_stop.py",
        "tests/unit/test_credentials.py",
        "tests/unit/test_instance_cancel.py",
    ],
    "server/roll_call": ["tests/unit/test_roll_call.py", MODEL],
    "policy/instance": [
        "tests/unit/test_instance.py",
        "tests/unit/test_instance_cancel.py",
        "tests/unit/test_instance_course.py",
        "tests/unit/test_instance_reads.py",
        MODEL,
    ],
    "modelarts/identity": ["tests/unit/test_identity.py"],
    "instance_detection": ["tests/unit/test_instance_detection.py", "tests/unit/test_identity.py"],
    "notebook/discovery": [
        "tests/notebook/test_discovery.py",
        "tests/notebook/test_current_kernel.py",
        "tests/notebook/test_duplicates.py",
    ],
}
