"""The JSON document of an instance, with every field that the service's documentation and SDK name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MOUNT_PATH = "/home/ma-user/work/"
STEPS = ("Prepare storage", "Prepare compute resources", "Configure the network", "Initialize the instance")

#: How `action_progress` is spelled: as the documentation has it, as the newest SDK has it, null, empty, or left out.
PROGRESS_STYLES = ("page", "sdk", "null", "empty", "absent")

SHORTEST_LEASE = 3_600_000
LONGEST_LEASE = 259_200_000


@dataclass
class Lease:
    """The countdown to the automatic stop; times in epoch milliseconds, durations in milliseconds."""

    create_at: int
    update_at: int
    duration: int = SHORTEST_LEASE
    enable: bool = True
    type: str = "TIMING"

    def document(self) -> dict[str, Any]:
        """Return the lease as the service shows it."""
        return {
            "create_at": self.create_at,
            "duration": self.duration,
            "enable": self.enable,
            "type": self.type,
            "update_at": self.update_at,
        }

    def restart(self, now: int, duration: int, kind: str) -> None:
        """Begin a new countdown, as a start does."""
        self.create_at = self.update_at = now
        self.duration, self.type, self.enable = duration, kind.upper(), True

    def renew(self, now: int, duration: int, kind: str) -> None:
        """Let the countdown end `duration` from now; for the type IDLE, set the allowed idle time."""
        self.type, self.enable, self.update_at = kind.upper(), True, now
        # A duration counts from the creation, except that of IDLE, which has no fixed end.
        self.duration = duration if self.type == "IDLE" else now - self.create_at + duration


def progress_document(style: str, notebook_id: str, steps: list[str]) -> dict[str, Any]:
    """Return the part of the instance's document that shows its progress, in one of `PROGRESS_STYLES`."""
    if style == "absent":
        return {}
    if style == "null":
        return {"action_progress": None}
    if style == "empty":
        return {"action_progress": []}
    rows: list[dict[str, Any]] = []
    for number, (status, text) in enumerate(zip(steps, STEPS), start=1):
        if style == "sdk":
            rows.append({"status": status, "step": number, "description": text})
        else:
            rows.append({"notebook_id": notebook_id, "status": status, "step": number, "step_description": text})
    return {"action_progress": rows}


def image_document(created: int) -> dict[str, Any]:
    """Return the image that the instance runs."""
    return {
        "arch": "X86_64",
        "create_at": created,
        "description": "An image that exists in the simulator only",
        "dev_services": ["NOTEBOOK", "SSH"],
        "flavor_type": "",
        "id": "00000000-51d0-4000-8000-1a6e00000001",
        "name": "simulated-jupyterlab-cpu",
        "namespace": "simulator",
        "origin": "CUSTOMIZE",
        "resource_categories": ["CPU"],
        "service_type": "DEV",
        "size": 4_194_304,
        "status": "ACTIVE",
        "status_message": "",
        "support_res_categories": ["CPU"],
        "swr_path": "swr.simulator-1.invalid/simulator/simulated-jupyterlab-cpu:1.0.0",
        "tag": "1.0.0",
        "type": "BUILD_IN",
        "update_at": created,
        "visibility": "PUBLIC",
        "workspace_id": "0",
    }


def fixed_document(notebook_id: str, name: str, token: str, created: int, *, dedicated: bool) -> dict[str, Any]:
    """Return the fields of an instance that never change.

    Parameters
    ----------
    dedicated
        Whether it runs in a dedicated pool; only then does it have `pool`,
        `custom_spec` and `affinity`.
    """
    document: dict[str, Any] = {
        "billing_items": ["STORAGE", "COMPUTE"],
        "data_volumes": [
            {
                "category": "OBS",
                "mount_path": "/data/simulated/",
                "mount_type": "STATIC",
                "status": "MOUNTED",
                "uri": "obs://simulated-bucket/data/",
                "url": "obs://simulated-bucket/data/",
            }
        ],
        "description": "Not a real instance: it exists in the simulator only",
        "endpoints": [
            {
                "allowed_access_ips": [],
                "dev_service": "NOTEBOOK",
                "key_pair_names": [],
                "service": "NOTEBOOK",
                "ssh_keys": [],
                "uri": f"https://notebook.simulator-1.invalid/{notebook_id}/lab",
            },
            {
                "allowed_access_ips": ["192.0.2.1"],
                "dev_service": "SSH",
                "key_pair_names": ["simulated-key-pair"],
                "service": "SSH",
                "ssh_keys": ["simulated-key-pair"],
                "uri": "ssh://ma-user@ssh.simulator-1.invalid:32022",
            },
        ],
        "feature": "NOTEBOOK",
        "flavor": "simulated.vm.cpu.2u",
        "id": notebook_id,
        "image": image_document(created),
        "ip": "192.0.2.10",
        "is_need_credentials": False,
        "jupyter_version": "4.0.0",
        "name": name,
        "run_user": {"gid": 100, "group_name": "ma-group", "uid": 1000, "user_name": "ma-user"},
        "tags": [{"key": "simulated", "value": "true"}],
        "token": token,
        "url": f"https://notebook.simulator-1.invalid/{notebook_id}/lab",
        "user": {
            "domain": {"id": "simulated-domain-id", "name": "simulated-domain"},
            "id": "simulated-user-id",
            "name": "simulated-user",
        },
        "user_id": "simulated-user-id",
        "user_vpc": {"connect_cidrs": "", "security_group_ids": [], "subnet_id": "", "vpc_id": ""},
        "volume": {
            "capacity": 50,
            "category": "EVS",
            "mount_path": MOUNT_PATH,
            "ownership": "MANAGED",
            "status": "",
        },
        "workspace_id": "0",
    }
    if dedicated:
        document["flavor"] = "simulated.pool.custom"
        document["pool"] = {"id": "simulated-pool-id", "name": "simulated-pool"}
        document["custom_spec"] = {
            "arch": "x86_64",
            "category": "GPU",
            "cpu": 4.0,
            "gpu": 0.5,
            "gpu_type": "simulated-gpu",
            "memory": 16.0,
        }
        zone = {"key": "simulated.invalid/zone", "operator": "In", "values": ["a"], "weight": None}
        document["affinity"] = {
            "preferred_during_scheduling_ignored_during_execution": [{**zone, "values": ["b"], "weight": 10}],
            "required_during_scheduling_ignored_during_execution": [zone],
        }
    return document
