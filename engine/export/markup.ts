/** Text that is markup already; whatever else goes into {@link markup} is escaped. */
export class Markup {
  constructor(readonly text: string) {}
}

type Part = string | number | Markup | null | readonly Part[];

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Control characters but tab and line ends: no browser shows them and XML forbids them. */
const controls = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g;

export const escapeMarkup = (text: string): string =>
  text.replace(controls, '\ufffd').replace(/[&<>"']/g, (character) => entities[character] as string);

const render = (part: Part): string => {
  if (part === null) return '';
  if (part instanceof Markup) return part.text;
  if (typeof part === 'string' || typeof part === 'number') return escapeMarkup(String(part));
  return part.map(render).join('');
};

/** A template of HTML or SVG: every value in it is escaped, so nothing from a run can become markup. */
export const markup = (strings: TemplateStringsArray, ...parts: Part[]): Markup =>
  new Markup(String.raw({ raw: strings }, ...parts.map(render)));
