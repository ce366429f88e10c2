export type Child = Node | string | null | undefined | false;

export interface Properties {
  class?: string;
  id?: string;
  role?: string;
  title?: string;
  hidden?: boolean;
  tabIndex?: number;
  /** Written as `aria-<name>`. */
  aria?: Record<string, string | number | boolean>;
  /** Written as `data-<name>`. */
  data?: Record<string, string>;
  on?: { [K in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[K]) => void };
}

/** Makes an element; no markup is ever parsed, so names from a run cannot become elements. */
export const element = <K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] => {
  const made = document.createElement(tag);
  apply(made, properties);
  append(made, children);
  return made;
};

const apply = (target: HTMLElement, { aria, data, on, class: classes, ...plain }: Properties): void => {
  if (classes) target.className = classes;
  if (plain.role) target.setAttribute('role', plain.role);
  if (plain.id) target.id = plain.id;
  if (plain.title) target.title = plain.title;
  if (plain.hidden) target.hidden = true;
  if (plain.tabIndex !== undefined) target.tabIndex = plain.tabIndex;
  for (const [name, value] of Object.entries(aria ?? {})) target.setAttribute(`aria-${name}`, String(value));
  for (const [name, value] of Object.entries(data ?? {})) target.dataset[name] = value;
  for (const [name, listener] of Object.entries(on ?? {}))
    target.addEventListener(name, listener as EventListener);
};

export const append = (target: Element, children: readonly Child[]): void => {
  for (const child of children) if (child) target.append(child);
};

/** Replaces what `target` holds. */
export const fill = (target: Element, ...children: Child[]): void => {
  target.replaceChildren();
  append(target, children);
};

/** Sets the text only where it differs, so that a screen reader is not told again. */
export const setText = (target: Element, text: string): void => {
  if (target.textContent !== text) target.textContent = text;
};

/** The page's own root inside the host's `<main>`. */
export const pageRoot = (name: string): HTMLElement => {
  const main = document.querySelector('main') ?? document.body.appendChild(document.createElement('main'));
  const root = element('div', { class: `page ${name}` });
  main.replaceChildren(root);
  return root;
};
