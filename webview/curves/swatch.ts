import { svgElement } from '../shared/icons';
import type { LineStyle } from './chartPlan';

/** A short piece of the line, as it is drawn. */
export const swatch = ({
  colour,
  dash,
  marked,
}: Pick<LineStyle, 'colour' | 'dash'> & { marked?: boolean }): SVGSVGElement => {
  const svg = svgElement('svg', {
    class: `swatch series-${colour}`,
    viewBox: '0 0 22 8',
    'aria-hidden': 'true',
  });
  const line = { x1: '1', y1: '4', x2: '21', y2: '4', 'stroke-dasharray': dash.join(' ') || 'none' };
  svg.append(svgElement('line', line));
  if (marked) svg.append(svgElement('circle', { cx: '11', cy: '4', r: '2.5' }));
  return svg;
};
