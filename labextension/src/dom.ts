type Child = Node | string | null | false | undefined;

/**
 * Make an element: text stays text, whatever it holds.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string>,
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'class') {
      node.className = value.replace(/(^| )-/g, '$1jp-NotebookStop-');
    } else {
      node.setAttribute(name, value);
    }
  }
  node.append(...children.filter((child): child is Node | string => !!child));
  return node;
}

/**
 * A link out of the page; null where there is nowhere to go.
 */
export function link(
  text: string,
  href: string | null | undefined
): HTMLElement | null {
  return href && /^https?:/.test(href)
    ? h('a', { href, target: '_blank', rel: 'noopener', class: '-link' }, text)
    : null;
}
