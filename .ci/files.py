"""Checks every file that only a service reads: workflows, templates, metadata. It needs the extra "dev", no network."""

from __future__ import annotations

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[1]

SCHEMAS = {
    "github-workflows": ".github/workflows/*.yml",
    "github-issue-config": ".github/ISSUE_TEMPLATE/config.yml",
    "github-issue-forms": ".github/ISSUE_TEMPLATE/[!c]*.yml",
    "dependabot": ".github/dependabot.yml",
    "readthedocs": ".readthedocs.yaml",
    "citation-file-format": "CITATION.cff",
}
"""Schemas that check-jsonschema brings, and what has to conform to them."""


def run(name: str, *arguments: str) -> None:
    """Run a command of this environment, and end with its exit code if it objects."""
    print("$", name, *arguments, flush=True)
    folder = pathlib.Path(sys.executable).parent
    command = next(path for path in (folder / name, folder / f"{name}.exe") if path.exists())
    code = subprocess.call([str(command), *arguments], cwd=ROOT)
    if code:
        sys.exit(code)


def main() -> None:
    """Check the files."""
    for schema, pattern in SCHEMAS.items():
        files = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob(pattern))
        if not files:
            sys.exit(f"nothing is {pattern}")
        run("check-jsonschema", "--quiet", "--builtin-schema", f"vendor.{schema}", *files)
    run("zizmor", "--offline", "--no-progress", "--persona", "pedantic", ".")


if __name__ == "__main__":
    main()
