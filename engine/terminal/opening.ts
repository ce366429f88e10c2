import type { OpeningReport } from '../contract/model';

/** One line a kind of news, for a terminal. */
export const formatOpening = (report: OpeningReport): string => {
  const lists: [string, string[]][] = [
    ['missing', report.missing],
    ['unexpected', report.unexpected],
    ['ignored', report.ignored],
  ];
  return [
    `weights  read ${report.read}, matched ${report.matched}`,
    ...lists.filter(([, names]) => names.length > 0).map(([what, names]) => `${what}  ${names.join(', ')}`),
  ].join('\n');
};
