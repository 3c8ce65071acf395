"""What shows at a glance that a process runs in a notebook instance: names, and the forms that their values have.

Every Jupyter server looks for these at its start: this loads nothing, and leaves to `identity` what is not plain.
"""

from __future__ import annotations

from typing import Mapping

INSTANCE_VARIABLE = "INSTANCE_ID"
PROJECT_VARIABLES = ("PROJECT_ID", "HUAWEICLOUD_SDK_PROJECT_ID")
REGION_VARIABLE = "MODELARTS_REGION"
ENDPOINT_VARIABLE = "MODELARTS_ENDPOINT"

HOSTNAME_PREFIX = "notebook-"

_UUID_GROUPS = [8, 4, 4, 4, 12]
_HEXADECIMAL = frozenset("0123456789abcdefABCDEF")


def _is_hexadecimal(text: str, length: int) -> bool:
    return len(text) == length and _HEXADECIMAL.issuperset(text)


def is_uuid(text: str) -> bool:
    """Return whether this can be the id of an instance."""
    groups = text.split("-")
    return len(groups) == len(_UUID_GROUPS) and all(map(_is_hexadecimal, groups, _UUID_GROUPS))


def is_project_id(text: str) -> bool:
    """Return whether this can be the id of a project."""
    return _is_hexadecimal(text, 32)


def in_hostname(hostname: str) -> str | None:
    """Return the instance id in ``notebook-<id>``, which more may follow after a dot or a hyphen."""
    if not hostname.startswith(HOSTNAME_PREFIX):
        return None
    begin = len(HOSTNAME_PREFIX)
    end = begin + sum(_UUID_GROUPS) + len(_UUID_GROUPS) - 1
    found, rest = hostname[begin:end], hostname[end:]
    return found if is_uuid(found) and rest[:1] in ("", ".", "-") else None


def in_base_url(base_url: str) -> str | None:
    """Return the instance id that is the last part of the path."""
    last = base_url[: -len("/")] if base_url.endswith("/") else base_url
    found = last.rpartition("/")[2]
    return found if is_uuid(found) else None


def find_candidate_ids(environ: Mapping[str, str], hostname: str, base_url: str) -> set[str]:
    """Return what names an instance: none of them, several that contradict each other, or one that need not be an id.

    Parameters
    ----------
    environ
        Environment variables.
    hostname
        Name of the machine.
    base_url
        The Jupyter server's base_url.
    """
    found = (environ.get(INSTANCE_VARIABLE, "").strip(), in_hostname(hostname), in_base_url(base_url))
    return {each.lower() for each in found if each}


def is_unambiguous(candidates: set[str], environ: Mapping[str, str]) -> bool:
    """Return whether nothing is to be added, to be corrected, or to be complained about."""
    projects = filter(None, (environ.get(name, "").strip() for name in PROJECT_VARIABLES))
    return (
        len(candidates) == 1
        and all(map(is_uuid, candidates))
        and all(map(is_project_id, projects))
        and not (environ.get(REGION_VARIABLE) or environ.get(ENDPOINT_VARIABLE))
    )
