"""What a benchmark found, and the page of the documentation that shows it."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import platform
from typing import Iterator, Sequence

ROOT = pathlib.Path(__file__).parents[1]
DOCS = ROOT / "docs"
PLOTS = DOCS / "performance"
FOUND = ROOT / "build" / "benchmarks"
"""What each benchmark found last, so that one of them can be repeated alone."""

_HEAD = """# Performance

Made by `python -m benchmarks`; do not edit. Each section is of one run, all on one machine: {machine}. Times depend on
the machine, so that ratios and counts say more. The cloud is the stand-in that comes with the package, on loopback.
"""


@dataclasses.dataclass
class Section:
    """A part of the page: a heading, paragraphs and tables, and the plots in it.

    Attributes
    ----------
    title
        The heading.
    parts
        Markdown, in its order.
    trial
        Whether it was measured too seldom to be believed.
    """

    title: str
    parts: list[str] = dataclasses.field(default_factory=list)
    trial: bool = False

    def say(self, text: str) -> None:
        """Add a paragraph."""
        self.parts.append(text)

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Add a table; what it counts stands to the right of what it is about."""
        lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
        self.parts.append("\n".join(f"| {' | '.join(line)} |" for line in lines))

    def picture(self, name: str, description: str) -> None:
        """Add a plot, which `plots.saved` has written."""
        self.parts.append(f"![{description}](performance/{name}.svg)")

    def markdown(self) -> str:
        """Return it all."""
        trial = ["**Of a trial run (`--quick`): too few rounds to believe in.**"] if self.trial else []
        return "\n\n".join([f"## {self.title}", *trial, *self.parts])


def keep(name: str, section: Section) -> None:
    """Remember what a benchmark found."""
    FOUND.mkdir(parents=True, exist_ok=True)
    (FOUND / f"{name}.json").write_text(json.dumps(dataclasses.asdict(section)), encoding="utf-8")


def kept(names: Sequence[str]) -> Iterator[Section]:
    """Return what these benchmarks found last, as far as they were ever run."""
    for name in names:
        path = FOUND / f"{name}.json"
        if path.exists():
            yield Section(**json.loads(path.read_text(encoding="utf-8")))


def machine() -> str:
    """Describe the machine by what matters and tells nothing else."""
    cores = os.cpu_count() or 1
    return f"{cores} core{'s' if cores > 1 else ''}, Python {platform.python_version()}"


def write(sections: Iterator[Section], path: pathlib.Path = DOCS / "performance.md") -> None:
    """Write the page."""
    parts = [_HEAD.format(machine=machine()), *(section.markdown() + "\n" for section in sections)]
    path.write_text("\n".join(parts), encoding="utf-8")


def ms(seconds: float) -> str:
    """Write a time in milliseconds, with as many digits as mean anything."""
    value = seconds * 1000
    return f"{value:.0f} ms" if value >= 20 else f"{value:.1f} ms" if value >= 1 else f"{value:.2f} ms"
