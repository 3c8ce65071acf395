"""Copies the pictures of the documentation from what the browser tests have made, small.

Usage, with the extras `test` and `docs` installed: python docs/pictures.py [--take]

With --take it runs the tests that make them first.
"""

from __future__ import annotations

import pathlib
import subprocess
import sys

from PIL import Image

DOCS = pathlib.Path(__file__).parent
ARTIFACTS = DOCS.parent / "tests" / "artifacts"
IMAGES = DOCS / "images"

TESTS = [
    "tests/browser/test_pictures.py",
    "tests/browser/test_demo.py::test_from_the_palette_to_the_end_and_back[lab-.jp-Launcher-lab]",
    "tests/browser/test_cell.py::test_the_rich_display_in_both_themes",
    "tests/browser/test_schedule.py::test_it_stops_when_the_cell_has_finished",
    "tests/browser/test_chinese.py::test_work_at_risk_and_documents_that_are_not_saved",
]

PICTURES = {
    "confirmation": "confirmation",
    "progress": "progress-lab",
    "cell-light": "cell-light",
    "status-panel": "status-panel",
    "terminal": "terminal",
    "chinese-question": "chinese-question-busy",
}
"""The pictures, and what the tests call them."""

TOUR = {1: 2000, 2: 1800, 3: 3500, 4: 1200, 5: 1300, 7: 1300, 8: 3500}
"""The frames of the tour, each with its duration in ms."""


def small(image: Image.Image) -> Image.Image:
    """Return an image with 256 colours."""
    return image.convert("RGB").quantize(256, dither=Image.Dither.NONE)


def make_tour() -> None:
    """Make the moving picture."""
    frames = [small(Image.open(ARTIFACTS / f"tour-{number}.png")) for number in TOUR]
    frames[0].save(
        IMAGES / "tour.gif",
        save_all=True,
        append_images=frames[1:],
        duration=[*TOUR.values()],
        loop=0,
        optimize=True,
        disposal=1,
    )


def main() -> int:
    """Return the exit code."""
    if "--take" in sys.argv[1:]:
        code = subprocess.call([sys.executable, "-m", "pytest", *TESTS], cwd=DOCS.parent)
        if code:
            return code
    for name, artifact in PICTURES.items():
        small(Image.open(ARTIFACTS / f"{artifact}.png")).save(IMAGES / f"{name}.png", optimize=True)
    make_tour()
    for file in sorted(IMAGES.iterdir()):
        print(f"{file.stat().st_size / 1000:6.0f} kB  {file.relative_to(DOCS.parent)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
