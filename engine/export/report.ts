import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseMetrics } from '../contract/metrics';
import { runFiles, type FrozenRecipe, type RunEvent, type RunReport } from '../contract/run';
import { writeWhole } from '../wholeFile';
import { figureColumns, figureRows } from './figureTable';
import { reportPage } from './reportPage';
import { gainSentence, trustSentence } from './verdict';

/** Writes `report.json` and `report.html` into the run folder, from the report and what else lies there. */
export const writeReport = async (run: string, report: RunReport): Promise<void> => {
  const frozen = JSON.parse(await readFile(join(run, runFiles.recipe), 'utf8')) as FrozenRecipe;
  const points = parseMetrics(await readIfThere(join(run, runFiles.metrics)));
  const events = parseEvents(await readIfThere(join(run, runFiles.events)));
  await writeWhole(join(run, runFiles.reportHtml), reportPage({ report, frozen, points, events }));
  await writeWhole(join(run, runFiles.reportJson), `${JSON.stringify(report, null, 2)}\n`);
};

const readIfThere = async (path: string): Promise<string> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
};

const parseEvents = (text: string): RunEvent[] =>
  text.split('\n').flatMap((line) => {
    try {
      const event = JSON.parse(line) as RunEvent;
      return typeof event.at === 'string' && typeof event.message === 'string' ? [event] : [];
    } catch {
      return [];
    }
  });

/** The headline table for a terminal: aligned columns, ratios to the teacher below, then what distilling bought. */
export const formatTable = (report: RunReport): string => {
  const lines = figureRows(report).flatMap((row) => {
    const figures = [row.label, ...row.cells.map((cell) => cell.text)];
    const ratios = row.cells.map((cell) => cell.ratio);
    return ratios.some(Boolean) ? [figures, ['  against the teacher', ...ratios]] : [figures];
  });
  const table = alignColumns([['', ...figureColumns(report)], ...lines]);
  const trust = trustSentence(report);
  return [...table, '', gainSentence(report), ...(trust ? [trust] : [])].join('\n');
};

/** First column to the left, the others to the right, two spaces between. */
const alignColumns = (rows: readonly (readonly string[])[]): string[] => {
  const widths = rows.reduce<number[]>(
    (known, row) => row.map((cell, column) => Math.max(known[column] ?? 0, cell.length)),
    [],
  );
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
};
