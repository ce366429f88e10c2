import '../shared/base.css';
import './activations.css';
import type { ActivationsHost, ActivationsPage } from '../../engine/contract/pages';
import { connectHost } from '../shared/host';
import { ActivationsPageView } from './activationsPage';

const host = connectHost<ActivationsHost, ActivationsPage>({
  chooseLayer: (network, layer) => page.chooseLayer(network, layer),
  state: (state) => page.state(state),
});
const page = new ActivationsPageView(host);
void page.open();
