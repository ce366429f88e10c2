import { svgElement } from '../shared/icons';
import { type Lattice, middleOf } from './lattice';
import { curvePath, labelPlaces } from './pairCurves';

/** A pair as it is drawn between the columns. */
export interface Link {
  key: string;
  teacher: string;
  student: string;
  /** What may stand on the curve, longest first, e.g. `1×1 · 0.83`, `0.83`. */
  labels: readonly string[];
  /** The whole pair in words. */
  description: string;
  /** Whether a chosen method takes it. */
  isUsed: boolean;
}

const inset = 7;
const labelHeight = 16;
const labelApart = 18;
/** What of the curve stays visible beside its label. */
const labelMargin = 32;

/** The pairs as curves in the gap between the columns. */
export class PairLinks {
  readonly root = svgElement('svg', { class: 'links', role: 'group', 'aria-label': 'Pairs' });
  private readonly preview = svgElement('path', { class: 'link-preview' });

  constructor(private readonly choose: (key: string) => void) {}

  /** Draws the links between lines that are shown; the gap is `width` pixels wide. */
  draw(links: readonly Link[], lattice: Lattice, width: number): void {
    this.root.setAttribute('width', String(width));
    this.root.setAttribute('height', String(lattice.height));
    const shown = links.flatMap((link) => {
      const [from, to] = [lattice.lineOf.teacher.get(link.teacher), lattice.lineOf.student.get(link.student)];
      return from && to ? [{ link, ends: { from: middleOf(from), to: middleOf(to) } }] : [];
    });
    const places = labelPlaces(
      shown.map(({ ends }) => ends),
      labelApart,
    );
    const groups = shown.map(({ link, ends }, index) =>
      this.group(link, curvePath(ends, width, inset), places[index] ?? 0, width),
    );
    this.root.replaceChildren(this.preview, ...groups);
  }

  mark(key: string | null): void {
    let chosen: Element | null = null;
    for (const group of this.root.querySelectorAll<SVGGElement>('.link')) {
      const isChosen = group.dataset['pair'] === key;
      group.classList.toggle('chosen', isChosen);
      group.setAttribute('aria-pressed', String(isChosen));
      if (isChosen) chosen = group;
    }
    if (chosen) this.root.append(chosen);
  }

  /** A pair that is being made: from a height on one side to one on the other; null hides it. */
  showPreview(ends: { from: number; to: number } | null, width: number): void {
    this.preview.setAttribute('d', ends ? curvePath(ends, width, inset) : '');
  }

  private group(link: Link, path: string, y: number, width: number): SVGGElement {
    const group = svgElement('g', {
      class: link.isUsed ? 'link' : 'link unused',
      role: 'button',
      'aria-label': link.description,
      'aria-pressed': 'false',
    });
    group.dataset['pair'] = link.key;
    const title = svgElement('title', {});
    title.textContent = link.description;
    group.append(
      title,
      svgElement('path', { class: 'link-reach', d: path }),
      svgElement('path', { class: 'link-line', d: path }),
    );
    const words = link.labels.find((one) => labelWidth(one) <= width - labelMargin);
    if (words) group.append(...label(words, width / 2, y));
    group.addEventListener('click', () => this.choose(link.key));
    return group;
  }
}

const characterWidth = 6.1;

const labelWidth = (words: string): number => words.length * characterWidth + 10;

const label = (words: string, x: number, y: number): SVGElement[] => {
  const width = labelWidth(words);
  const plate = svgElement('rect', {
    class: 'link-plate',
    x: String(x - width / 2),
    y: String(y - labelHeight / 2),
    width: String(width),
    height: String(labelHeight),
    rx: '8',
  });
  const text = svgElement('text', { class: 'link-words', x: String(x), y: String(y) });
  text.textContent = words;
  return [plate, text];
};
