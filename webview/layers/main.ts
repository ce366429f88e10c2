import '../shared/base.css';
import './layers.css';
import './inspector.css';
import type { LayersHost, LayersPage } from '../../engine/contract/pages';
import { connectHost } from '../shared/host';
import { LayersPageView } from './layersPage';

/** Large networks take a while to be measured. */
const patienceMs = 10 * 60_000;

const host = connectHost<LayersHost, LayersPage>(
  {
    chooseLayer: (network, layer) => page.chooseLayer(network, layer),
    reopen: () => void page.open(),
    outdated: (file) => page.outdated(file),
  },
  patienceMs,
);
const page = new LayersPageView(host);
void page.open();
