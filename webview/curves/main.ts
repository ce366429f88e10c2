import 'uplot/dist/uPlot.min.css';
import '../shared/base.css';
import './curves.css';
import { connectHost } from '../shared/host';
import { CurvesPageView } from './curvesPage';
import type { CurvesHost, CurvesPage } from '../../engine/contract/pages';

const host = connectHost<CurvesHost, CurvesPage>({
  show: (runs) => page.show(runs),
  append: (id, from, points, state, report) => page.append(id, from, points, state, report),
});
const page = new CurvesPageView(host);
void page.open();
