type Child = Node | string | null | false | undefined;

/**
 * Make an element. Texts are never parsed as HTML. Classes get our prefix, unless they have JupyterLab's.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string>,
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    node.setAttribute(
      name,
      name === 'class'
        ? value.replace(/(^| )(?!jp-)/g, '$1jp-NotebookStop-')
        : value
    );
  }
  node.append(...children.filter((child): child is Node | string => !!child));
  return node;
}

/**
 * A button that looks like JupyterLab's.
 *
 * @param classes - JupyterLab's for its kind, and ours.
 */
export function button(
  text: string,
  classes: string,
  onClick: () => void
): HTMLButtonElement {
  const node = h(
    'button',
    { type: 'button', class: `jp-mod-styled ${classes}` },
    text
  );
  node.addEventListener('click', onClick);
  return node;
}

/**
 * A link that opens a new tab; null where the address is missing or not http.
 */
export function link(
  text: string,
  href: string | null | undefined
): HTMLAnchorElement | null {
  return isWebAddress(href)
    ? h(
        'a',
        {
          href,
          target: '_blank',
          rel: 'noopener',
          class: 'link'
        },
        text
      )
    : null;
}

/**
 * Whether a browser may be sent there.
 */
export function isWebAddress(href: string | null | undefined): href is string {
  return !!href && /^https?:/.test(href);
}

/**
 * Set a text. An unchanged text is left alone, so that a screen reader does not read it again.
 */
export function setText(node: Element, text: string): void {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}
