"""Checks every file that only a service reads: workflows, templates, metadata. It needs the extra "dev", no network."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import check_jsonschema

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


def conform(schema: str, files: list[str]) -> None:
    """Hold files against a schema, in this process: to load what checks them takes longer than to check."""
    print("$ check-jsonschema", schema, *files, flush=True)
    arguments = ["--quiet", "--builtin-schema", f"vendor.{schema}", *files]
    code = check_jsonschema.main(arguments, standalone_mode=False)
    if code:
        sys.exit(code)


def main() -> None:
    """Check the files."""
    os.chdir(ROOT)
    for schema, pattern in SCHEMAS.items():
        files = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob(pattern))
        if not files:
            sys.exit(f"nothing is {pattern}")
        conform(schema, files)
    folder = pathlib.Path(sys.executable).parent
    zizmor = next(path for path in (folder / "zizmor", folder / "zizmor.exe") if path.exists())
    sys.exit(subprocess.call([str(zizmor), "--offline", "--no-progress", "--persona", "pedantic", "."]))


if __name__ == "__main__":
    main()
