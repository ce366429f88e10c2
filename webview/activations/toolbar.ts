import type { SheetView } from '../../engine/contract/sheet';
import { type Choice, checkbox, dropdown } from '../shared/controls';
import { element } from '../shared/element';
import type { ColourMapName } from './colourMap';
import type { Scaling, Sorting } from './tiles';

export interface ActivationsView {
  view: SheetView;
  scaling: Scaling;
  sorting: Sorting;
  colours: ColourMapName;
}

const views: Choice<SheetView>[] = [
  { value: 'values', words: 'Values' },
  { value: 'distribution', words: 'Distribution' },
  { value: 'adapted', words: 'Adapted' },
];
const sortings: Choice<Sorting>[] = [
  { value: 'index', words: 'By channel' },
  { value: 'energy', words: 'By energy' },
];
const maps: Choice<ColourMapName>[] = [
  { value: 'perceptual', words: 'Colour' },
  { value: 'grey', words: 'Grey' },
];

export interface Toolbar {
  root: HTMLElement;
  /** The adapted view needs a matched pair. */
  allowAdapted(allowed: boolean): void;
}

/** How the channels are shown. */
export const activationsToolbar = (
  current: ActivationsView,
  change: (change: Partial<ActivationsView>) => void,
): Toolbar => {
  const view = dropdown('View', views, current.view, (value) => change({ view: value }));
  view.root.title =
    'Values as they are, each channel’s softmax over positions (CWD), or the student through its trained adapter';
  const sorting = dropdown('Order', sortings, current.sorting, (value) => change({ sorting: value }));
  const colours = dropdown('Colours', maps, current.colours, (value) => change({ colours: value }));
  const shared = checkbox('Shared scale', current.scaling === 'shared', (isShared) =>
    change({ scaling: isShared ? 'shared' : 'channel' }),
  );
  shared.root.title = 'One range of values for all channels, or one for each';
  const label = 'How the channels are shown';
  const root = element(
    'div',
    { class: 'toolbar', role: 'toolbar', aria: { label } },
    view.root,
    sorting.root,
    colours.root,
    shared.root,
  );
  return { root, allowAdapted: (allowed) => view.disable('adapted', !allowed) };
};
