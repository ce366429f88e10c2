import type { SampleImage } from '../../engine/contract/sheet';
import { button } from '../shared/controls';
import { element, fill, setText } from '../shared/element';
import { formatPercent } from '../shared/format';

/** Which picture goes through the networks, and what they say of it. */
export class SamplePicker {
  readonly root: HTMLElement;
  private readonly number = element('input', { class: 'sample-number', aria: { label: 'Sample' } });
  private readonly total = element('span', { class: 'sample-total' });
  private readonly picture = element('canvas', { class: 'sample-picture', role: 'img' });
  private readonly words = element('div', { class: 'sample-words', role: 'status' });
  private index = 0;
  private count = 1;

  constructor(private readonly choose: (index: number) => void) {
    this.number.type = 'number';
    this.number.min = '1';
    this.number.addEventListener('change', () => this.goTo(Math.round(Number(this.number.value)) - 1));
    const steps = element(
      'div',
      { class: 'sample-steps' },
      button('Sample before', { icon: 'left', look: 'icon', press: () => this.goTo(this.index - 1) }),
      this.number,
      this.total,
      button('Next sample', { icon: 'right', look: 'icon', press: () => this.goTo(this.index + 1) }),
    );
    const side = element('div', { class: 'sample-side' }, steps, this.words);
    this.root = element('section', { class: 'sample', aria: { label: 'Sample' } }, this.picture, side);
  }

  /** Where the picker stands, before the picture has come. */
  place(index: number, count: number): void {
    this.index = index;
    this.count = Math.max(1, count);
    this.number.value = String(index + 1);
    this.number.max = String(this.count);
    setText(this.total, `of ${count}`);
  }

  draw(sample: SampleImage): void {
    this.place(sample.index, sample.count);
    paintPicture(this.picture, sample);
    this.picture.setAttribute('aria-label', `Sample ${sample.index + 1}: ${sample.label}`);
    fill(
      this.words,
      element('span', { class: 'sample-label' }, sample.label),
      prediction('teacher', sample.teacher, sample.label),
      prediction('student', sample.student, sample.label),
    );
  }

  /** Says why there is no picture. */
  fail(sentence: string): void {
    fill(this.words, element('span', { class: 'sample-wrong' }, sentence));
  }

  /** Past the last one comes the first. */
  private goTo(index: number): void {
    const wrapped = Number.isFinite(index) ? (index + this.count) % this.count : this.index;
    const inside = Math.min(Math.max(wrapped, 0), this.count - 1);
    this.place(inside, this.count);
    this.choose(inside);
  }
}

const prediction = (who: string, said: SampleImage['teacher'], label: string): HTMLElement | null => {
  if (!said) return null;
  const name = element('span', { class: 'sample-who' }, `${who} `);
  const { probability } = said;
  if (probability === null) return element('span', {}, name, said.label);
  if (said.label === 'pixels right')
    return element('span', {}, name, `${formatPercent(probability, 0)} of the pixels right`);
  const isRight = said.label === label;
  return element(
    'span',
    { class: isRight ? 'sample-right' : 'sample-wrong', title: isRight ? 'right' : 'wrong' },
    name,
    `${isRight ? '✓' : '✗'} ${said.label} ${formatPercent(probability, 0)}`,
  );
};

const paintPicture = (canvas: HTMLCanvasElement, { rgb, width, height }: SampleImage): void => {
  const pixels = new Uint8ClampedArray(width * height * 4);
  for (let position = 0; position < width * height; position++) {
    pixels.set(rgb.subarray(position * 3, position * 3 + 3), position * 4);
    pixels[position * 4 + 3] = 255;
  }
  canvas.width = width;
  canvas.height = height;
  canvas.getContext('2d')?.putImageData(new ImageData(pixels, width, height), 0, 0);
};
