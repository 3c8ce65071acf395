"""What every view of ours must be: checked by axe-core in each theme, and usable at 400 % zoom."""

from __future__ import annotations

import pathlib
import sys
from typing import Any, Iterator

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize

THEMES = ("light", "dark", "dark-high-contrast")

# 1280 by 1024 pixels at 400 %.
ZOOMED: ViewportSize = {"width": 320, "height": 256}
USUAL: ViewportSize = {"width": 1280, "height": 860}

# JupyterLab's body has no height, and hides what is beyond it: axe-core would take everything for hidden.
RUN = """async selector => {
    document.body.style.minHeight = '100vh';
    const { violations } = await axe.run({ include: [selector] }, { resultTypes: ['violations'] });
    document.body.style.minHeight = '';
    return violations.flatMap(({ id, help, nodes }) =>
        nodes.map(({ target, failureSummary }) => `${id}: ${help}: ${target}: ${failureSummary}`));
}"""

# A page hears of its new size before it is drawn the next time.
RESIZED = """width => new Promise(done => {
    const look = () => innerWidth === width ? requestAnimationFrame(done) : requestAnimationFrame(look);
    look();
})"""

# What lies outside the page's width, or has to be scrolled sideways.
WIDE = """selector => [...document.querySelectorAll(`${selector}, ${selector} *`)].flatMap(node => {
    const { left, right, width } = node.getBoundingClientRect();
    const { overflowX } = getComputedStyle(node);
    const scrolls = /auto|scroll/.test(overflowX) && node.scrollWidth > node.clientWidth + 1;
    return width > 1 && (left < -1 || right > innerWidth + 1) || scrolls
        ? [`${node.tagName} ${node.className} ${left} to ${right}, ${node.scrollWidth} in ${node.clientWidth}`] : [];
})"""

# The theme's variables, after JupyterLab's own, and without a request: a page whose instance stops sends none.
DRESS = """([css, light]) => {
    const style = document.querySelector('#look') ?? document.body.appendChild(document.createElement('style'));
    style.id = 'look';
    style.textContent = css;
    document.body.dataset.jpThemeLight = light;
}"""


def violations(page: Page, selector: str) -> list[str]:
    """Return what axe-core finds within an element, as the page looks now."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    found: list[str] = page.evaluate(RUN, selector)
    return found


def looks(page: Page) -> Iterator[str]:
    """Give a JupyterLab one look after the other; it has the first one again in the end."""
    themes = pathlib.Path(sys.prefix, "share", "jupyter", "lab", "themes", "@jupyterlab")
    for theme in (*THEMES[1:], THEMES[0]):
        css = (themes / f"theme-{theme}-extension" / "index.css").read_text(encoding="utf-8")
        page.evaluate(DRESS, [css, str(theme == "light").lower()])
        yield theme
    page.emulate_media(forced_colors="active")
    yield "forced-colors"
    page.emulate_media(forced_colors="none")


def unreachable(page: Page, selector: str) -> list[str]:
    """Return what is wider than the page at 400 % zoom, and the buttons that cannot be reached then."""
    page.set_viewport_size(ZOOMED)
    page.evaluate(RESIZED, ZOOMED["width"])
    found: list[Any] = page.evaluate(WIDE, selector)
    for button in page.locator(f"{selector} :is(button, a, input, select):visible").all():
        button.scroll_into_view_if_needed()
        box = button.bounding_box()
        if box is None or box["y"] < -1 or box["y"] + box["height"] > ZOOMED["height"] + 1:
            found.append(f"{button.inner_text()} {box}")
    return [str(each) for each in found]


FOCUS = """() => {
    const { activeElement } = document;
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(activeElement);
    return activeElement !== document.body
        && (outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1 || boxShadow !== 'none');
}"""


def focus_is_seen(page: Page) -> bool:
    """Whether something has the focus, and shows it."""
    return bool(page.evaluate(FOCUS))


def tab_to(page: Page, name: str) -> None:
    """Move the focus with the keyboard until something with this name has it; it is seen at each step."""
    for _ in range(12):
        focused = page.locator(":focus")
        assert focus_is_seen(page), page.evaluate("document.activeElement.outerHTML")
        if focused.count() and focused.inner_text() == name:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no key leads to {name}")
