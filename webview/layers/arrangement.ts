import type { Draft } from './draft';
import type { NetworkName } from './layerRows';
import { type Metric, isMetric } from './metrics';

export interface ChosenLayer {
  network: NetworkName;
  layer: string;
}

/** What the user looks at and how it is arranged; kept across reloads for one subject. */
export interface Arrangement {
  /** The subject that all but the metric belongs to. */
  key: string;
  metric: string;
  /** Null until the user chooses: large networks are folded. */
  isFolded: boolean | null;
  /** Bands that are closed. */
  collapsed: number[];
  filter: string;
  layer: ChosenLayer | null;
  pair: { teacher: string; student: string } | null;
  /** What the user changed and has not written. */
  draft: Draft | null;
  /** The recipe's losses that the draft started from. */
  draftBase: string;
}

export const initialArrangement: Arrangement = {
  key: '',
  metric: 'macs',
  isFolded: null,
  collapsed: [],
  filter: '',
  layer: null,
  pair: null,
  draft: null,
  draftBase: '',
};

/** The same look at another subject. */
export const arrangementFor = (key: string, saved: Arrangement): Arrangement =>
  saved.key === key ? saved : { ...initialArrangement, key, metric: saved.metric };

export const metricOf = ({ metric }: Arrangement): Metric => (isMetric(metric) ? metric : 'macs');
