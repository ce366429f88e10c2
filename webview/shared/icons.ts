const svgNamespace = 'http://www.w3.org/2000/svg';

/** Outlines on a 16 by 16 field, drawn with the text's colour. */
const outlines = {
  stop: 'M4.5 4.5h7v7h-7z',
  report: 'M4 1.75h5.5L12.5 4.75v9.5H4zM9.25 2v3h3M6 8h4.5M6 10.75h4.5',
  grid: 'M2.5 2.5h4.5v4.5H2.5zM9 2.5h4.5v4.5H9zM2.5 9h4.5v4.5H2.5zM9 9h4.5v4.5H9z',
  download: 'M8 2v8M4.75 7 8 10.25 11.25 7M2.75 13.5h10.5',
  compare: 'M2.5 12.5 6 7.5l3 2.5 4.5-6.5M2.5 8.5 6 4l3 2',
  table: 'M2.5 3h11v10h-11zM2.5 6.25h11M2.5 9.5h11M6.5 3v10',
  reset: 'M3 8a5 5 0 1 0 1.6-3.65M3 2.75v3h3',
  left: 'M10 3.5 5.5 8l4.5 4.5',
  right: 'M6 3.5 10.5 8 6 12.5',
  close: 'M4 4l8 8M12 4l-8 8',
  refresh: 'M13 8a5 5 0 1 1-1.6-3.65M13 2.75v3h-3',
  link: 'M6.75 9.25l2.5-2.5M7.5 5.25 9 3.75a2.3 2.3 0 0 1 3.25 3.25l-1.5 1.5M8.5 10.75 7 12.25A2.3 2.3 0 0 1 3.75 9l1.5-1.5',
  warning: 'M8 2.25 14.25 13.5H1.75zM8 6.25v3.5M8 11.25v.75',
  check: 'M3 8.5 6.5 12 13 4.5',
  swap: 'M3 5.5h9.5M10 3l2.5 2.5L10 8M13 10.5H3.5M6 8l-2.5 2.5L6 13',
  fold: 'M4 2.5 8 6l4-3.5M4 13.5 8 10l4 3.5M2.5 8h11',
  unfold: 'M4 5.5 8 2l4 3.5M4 10.5 8 14l4-3.5M2.5 8h11',
  edit: 'M10.5 3 13 5.5 6 12.5l-3 .5.5-3zM9 4.5 11.5 7',
  plus: 'M8 3v10M3 8h10',
  code: 'M5.5 4.5 2 8l3.5 3.5M10.5 4.5 14 8l-3.5 3.5',
} as const;

export type IconName = keyof typeof outlines;

/** A decoration: what it means stands beside it in words. */
export const icon = (name: IconName): SVGSVGElement => {
  const svg = svgElement('svg', { class: 'icon', viewBox: '0 0 16 16', 'aria-hidden': 'true' });
  svg.append(svgElement('path', { d: outlines[name] }));
  return svg;
};

export const svgElement = <K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Record<string, string>,
): SVGElementTagNameMap[K] => {
  const made = document.createElementNS(svgNamespace, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};
