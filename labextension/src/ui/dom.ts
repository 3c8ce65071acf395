/** What can be in an element; nothing is shown for what is missing. */
export type Child = Node | string | null | false | undefined;

/**
 * Make an element. Texts are never parsed as HTML.
 *
 * @param selector - Its name, and its classes after dots.
 * @param parts - Its children, and objects that name its attributes.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  selector: K | `${K}.${string}`,
  ...parts: (Child | Record<string, string>)[]
): HTMLElementTagNameMap[K] {
  const [tag, ...classes] = selector.split('.');
  const node = document.createElement(tag as K);
  node.className = classes.join(' ');
  for (const part of parts) {
    if (part instanceof Node || typeof part === 'string') {
      node.append(part);
    } else if (part) {
      for (const [name, value] of Object.entries(part)) {
        node.setAttribute(name, value);
      }
    }
  }
  return node;
}

/**
 * Replace what is in an element.
 */
export function fill(node: Element, ...children: Child[]): void {
  node.replaceChildren(
    ...children.filter((child): child is Node | string => !!child)
  );
}

/**
 * A button that looks like JupyterLab's.
 *
 * @param kind - JupyterLab's class for its kind.
 */
export function button(
  text: string,
  kind: string,
  onClick: () => void
): HTMLButtonElement {
  const node = h(`button.jp-mod-styled.${kind}`, { type: 'button' }, text);
  node.addEventListener('click', onClick);
  return node;
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
