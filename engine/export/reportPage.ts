import { createHash } from 'node:crypto';
import type { FrozenRecipe, MetricPoint, RunEvent, RunReport } from '../contract/run';
import { chartTitle, curveChart, stageClass, stageLabel } from './curveChart';
import { curveSets, type CurveSet } from './curves';
import { figureColumns, figureRows, type FigureRow } from './figureTable';
import { Markup, markup } from './markup';
import { formatNumber, formatSeconds } from './quantity';
import { reportStyle } from './reportStyle';
import { gainSentence, sizeSentence, trustSentence } from './verdict';

/** What a report is made of: the run folder, read. */
export interface ReportSource {
  report: RunReport;
  frozen: FrozenRecipe;
  points: readonly MetricPoint[];
  events: readonly RunEvent[];
}

/** The report as one HTML file: no script, no link that is loaded, its style inside and allowed by its hash only. */
export const reportPage = (source: ReportSource): string => {
  const { report, frozen, points, events } = source;
  const hash = createHash('sha256').update(reportStyle).digest('base64');
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${hash}'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${report.name} – distillation report</title>
<style>${new Markup(reportStyle)}</style>
</head>
<body>
<main>
${heading(report, frozen)}
${warningSection(report)}
${figureTable(report)}
${curveSection(points)}
${pairSection(report)}
${eventSection(events)}
<h2>Recipe</h2>
<pre>${writeRecipe(frozen.recipe)}</pre>
${originSection(report)}
</main>
</body>
</html>
`.text;
};

const heading = (report: RunReport, frozen: FrozenRecipe): Markup => {
  const size = sizeSentence(report);
  const trust = trustSentence(report);
  return markup`<header>
<h1>${report.name}</h1>
<p class="soft">Distillation report · ${frozen.createdAt.slice(0, 10)} · ${formatSeconds(report.seconds)} · ${report.backend.description}</p>
${report.status === 'done' ? null : markup`<p class="state">${stateSentence(report.status)}</p>`}
<p class="verdict">${gainSentence(report)}${size ? ` ${size}` : ''}</p>
${trust ? markup`<p class="soft">${trust}</p>` : null}
</header>`;
};

const warningSection = ({ warnings = [] }: RunReport): Markup | null =>
  warnings.length === 0
    ? null
    : markup`<ul class="events">${warnings.map(
        ({ stage, message, next }) => markup`
<li class="warning"><b>Warning</b> (${stage}) ${message} ${next}</li>`,
      )}</ul>`;

/** JSON with lists of numbers on one line. */
const writeRecipe = (recipe: FrozenRecipe['recipe']): string =>
  JSON.stringify(recipe, null, 2).replace(/\[\n[^[\]{}"]*\]/g, (list) =>
    list.replace(/\s+/g, ' ').replace('[ ', '[').replace(' ]', ']'),
  );

const stateSentence = (status: RunReport['status']): string =>
  status === 'stopped'
    ? 'This run was stopped before its end: the figures are those of the weights it had reached.'
    : `This run has not finished (${status}): the figures may still change.`;

const figureTable = (report: RunReport): Markup => markup`<div class="scroll"><table class="figures">
<thead><tr><th scope="col">${report.split === 'test' ? 'On the test split' : 'On the validation split'}</th>
${figureColumns(report).map((column) => markup`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${figureRows(report).map(figureRow)}</tbody>
</table></div>
<p class="soft">Parameters and multiply-accumulates (MACs) of one sample; size of the weights as float32; latency of one
sample on this machine, median ± half the spread between the 10th and the 90th percentile.</p>`;

const figureRow = (row: FigureRow): Markup => markup`
<tr class="${row.role}"><th scope="row">${row.label}<small>${row.name}</small></th>
${row.cells.map((cell) => markup`<td>${cell.text}${cell.ratio ? markup`<small>${cell.ratio}</small>` : null}</td>`)}</tr>`;

const curveSection = (points: readonly MetricPoint[]): Markup | null => {
  const sets = curveSets(points);
  const figures = sets.flatMap((set) => {
    const chart = curveChart(set);
    return chart ? [markup`<figure><h3>${chartTitle(set)}</h3>${chart}</figure>`] : [];
  });
  if (figures.length === 0) return null;
  return markup`<h2>Curves</h2>
<ul class="key">${stagesOf(sets).map(keyEntry)}</ul>
<div class="charts">${figures}</div>
<p class="soft">Losses are those of the training batches: each term before its weight, the whole as the weighted sum.</p>`;
};

const stagesOf = (sets: readonly CurveSet[]): string[] => [
  ...new Set(sets.flatMap((set) => set.curves.map((curve) => curve.stage))),
];

const keyEntry = (stage: string): Markup => {
  return markup`<li class="${stageClass(stage)}"><svg viewBox="0 0 28 10" aria-hidden="true"><path class="curve" d="M1 5H27"/></svg>${stageLabel(stage)}</li>`;
};

const pairSection = (report: RunReport): Markup | null => {
  const rows = report.pairs ?? [];
  if (rows.length === 0) return null;
  return markup`<h2>Matched layers</h2>
<div class="scroll"><table>
<thead><tr><th scope="col">Method</th><th scope="col">Teacher</th><th scope="col">Student</th><th scope="col">Adapter</th></tr></thead>
<tbody>${rows.map(
    (row) => markup`
<tr><td>${row.method}</td><td><code>${row.teacher}</code></td><td><code>${row.student}</code></td><td>${row.adapter}</td></tr>`,
  )}</tbody>
</table></div>
<p class="soft">Adapters are trained with the student and left out of what is exported.</p>`;
};

const eventSection = (events: readonly RunEvent[]): Markup | null =>
  events.length === 0
    ? null
    : markup`<h2>What happened</h2>
<ul class="events">${events.map(
        (event) => markup`
<li class="${event.kind}"><time datetime="${event.at}">${clock(event.at)}</time>${
          event.kind === 'info' ? null : markup`<b>${event.kind === 'warning' ? 'Warning' : 'Failure'}</b> `
        }${event.message}</li>`,
      )}</ul>`;

/** The time of day as it was written, without fractions: 2026-01-31T09:30:00.123Z is 09:30:00. */
const clock = (at: string): string => at.slice(11, 19);

const originSection = (report: RunReport): Markup => {
  const best = report.metrics.best;
  return markup`<h2>Where it comes from</h2>
<dl>
<dt>Run</dt><dd><code>${report.run}</code></dd>
${best ? markup`<dt>Best epoch</dt><dd>${best.epoch} (${best.metric} ${formatNumber(best.value)})</dd>` : null}
<dt>Backend</dt><dd>${report.backend.description}</dd>
${report.backend.passedOver.map(({ name, reason }) => markup`<dt>Not ${name}</dt><dd>${reason}</dd>`)}
${Object.entries(report.versions).map(([name, value]) => markup`<dt>${name}</dt><dd>${value}</dd>`)}
${Object.entries(report.hashes).map(([name, value]) => markup`<dt>SHA-256 of ${name}</dt><dd><code>${value}</code></dd>`)}
</dl>
<p class="soft">The hashes are those of what the run began with.</p>`;
};
