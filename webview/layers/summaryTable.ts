import type { ModelProfile, ProfileComparison } from '../../engine/contract/profile';
import type { LayersSubject } from '../../engine/contract/pages';
import { button } from '../shared/controls';
import { element, fill } from '../shared/element';
import { formatBytes, formatCount } from '../shared/format';
import type { NetworkName } from './layerRows';
import { formatMilliseconds, formatRatio } from './metrics';

export interface SummaryEvents {
  chooseModel(network: NetworkName): void;
  swap(): void;
}

const headings: [words: string, title: string][] = [
  ['Parameters', 'Trained and untrained weights'],
  ['MACs', 'Multiply-accumulates for one sample'],
  ['Latency', 'One sample, median of warm passes'],
  ['float32', 'Size of the weights in a file as 32-bit floats'],
  ['float16', 'Size of the weights in a file as 16-bit floats'],
  ['int8', 'Size of the weights in a file as 8-bit integers'],
  ['Peak memory', 'Activations that are alive at once, at the worst moment'],
  ['Receptive field', 'Receptive field of the last maps, in pixels of the input'],
];

/** What both networks cost as a whole, and how many times the student goes into the teacher. */
export class SummaryTable {
  readonly root = element('section', { class: 'summary table-scroll', aria: { label: 'Costs as a whole' } });

  constructor(private readonly events: SummaryEvents) {}

  draw(subject: LayersSubject, comparison: ProfileComparison | null): void {
    const head = element(
      'tr',
      {},
      element('th', { class: 'text' }),
      ...headings.map(([words, title]) => element('th', { title }, words)),
    );
    fill(
      this.root,
      element(
        'table',
        { class: 'numbers' },
        element('thead', {}, head),
        element(
          'tbody',
          {},
          subject.teacher ? this.network('teacher', subject, comparison?.teacher ?? null) : null,
          this.network('student', subject, comparison?.student ?? null),
          comparison?.ratios ? ratioRow(comparison.ratios) : null,
        ),
      ),
    );
  }

  private network(network: NetworkName, subject: LayersSubject, profile: ModelProfile | null): HTMLElement {
    const model = subject[network];
    const title = network === 'teacher' ? 'Teacher' : subject.teacher ? 'Student' : 'Model';
    const chosen = model ? element('span', { class: 'model-name' }, model.name) : null;
    const choose = button(`Choose another ${network}`, {
      look: 'icon',
      icon: 'edit',
      press: () => this.events.chooseModel(network),
    });
    const words = element('span', { class: `model-role ${network}` }, title);
    // A recipe names its networks itself.
    const name = element('th', { class: 'text model-head' }, words, chosen, subject.recipe ? null : choose);
    const numbers = model ? figures(model, profile) : headings.map(() => '');
    return element('tr', { data: { network } }, name, ...numbers.map((number) => element('td', {}, number)));
  }
}

const figures = (model: NonNullable<LayersSubject['teacher']>, profile: ModelProfile | null): string[] => {
  const measured = (words: (known: ModelProfile) => string): string => (profile ? words(profile) : '…');
  return [
    formatCount(model.parameters),
    `${formatCount(model.macs)}${model.uncounted?.length ? ' +' : ''}`,
    measured(({ latency }) => latencyWords(latency)),
    measured(({ sizes }) => formatBytes(sizes.float32)),
    measured(({ sizes }) => formatBytes(sizes.float16)),
    measured(({ sizes }) => formatBytes(sizes.int8)),
    measured(({ peakActivationBytes }) => formatBytes(peakActivationBytes)),
    measured(receptiveWords),
  ];
};

const latencyWords = ({ median, spread }: ModelProfile['latency']): string =>
  median < 1000
    ? `${formatMilliseconds(median).replace(' ms', '')} ± ${formatMilliseconds(spread)}`
    : `${formatMilliseconds(median)} ± ${formatMilliseconds(spread)}`;

/** The widest view that any layer before the head has. */
const receptiveWords = ({ layers }: ModelProfile): string => {
  const fields = layers.flatMap(({ receptiveField }) => (receptiveField === null ? [] : [receptiveField]));
  const widest = fields.reduce((most, field) => Math.max(most, field), 0);
  return widest > 0 ? `${widest} px` : 'all';
};

const ratioRow = (ratios: NonNullable<ProfileComparison['ratios']>): HTMLElement => {
  const numbers = [
    ratios.parameters,
    ratios.macs,
    ratios.latency,
    ratios.bytes,
    ratios.bytes,
    ratios.bytes,
    ratios.peak,
    null,
  ];
  return element(
    'tr',
    { class: 'ratios' },
    element('th', { class: 'text', title: 'How many times the student goes into the teacher' }, 'Ratio'),
    ...numbers.map((share) => element('td', {}, share === null ? '' : formatRatio(share))),
  );
};
