import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FrozenRecipe, MetricPoint, ModelFigures, RunReport } from '../../engine/contract/run';
import { formatTable, writeReport } from '../../engine/export/report';
import { gainSentence, sizeSentence, trustSentence } from '../../engine/export/verdict';

const figures = (name: string, acc: number, parameters: number, median: number): ModelFigures => ({
  name,
  parameters,
  macs: parameters * 70,
  bytes: parameters * 4,
  latency: { median, spread: median / 20 },
  metrics: { acc },
});

const finished = (change: Partial<RunReport> = {}): RunReport => ({
  run: '/project/.retort/runs/1',
  name: 'shapes',
  status: 'done',
  task: 'classification',
  split: 'test',
  samples: 10_000,
  teacher: figures('models.ts#teacher', 0.931, 1_213_450, 6.2),
  student: figures('models.ts#student', 0.907, 98_410, 1.3),
  control: figures('models.ts#student', 0.889, 98_410, 1.3),
  gain: 0.018,
  metrics: { best: { epoch: 11, metric: 'val_acc', value: 0.908 }, last: {} },
  backend: {
    name: 'cpu',
    description: 'JavaScript',
    passedOver: [{ name: 'tensorflow', reason: 'It is not built.' }],
  },
  seconds: 187,
  hashes: { teacher: 'ab12' },
  versions: { node: '20' },
  ...change,
});

describe('the sentence on what distilling bought', () => {
  const without = 'the same student trained without the teacher';
  it.each([
    [0.018, `distilling bought 1.8 points over ${without}.`],
    [-0.006, `distilling cost 0.60 points against ${without}.`],
    [0, `exactly as ${without}: distilling bought nothing here.`],
    [null, 'no control was trained, so what distilling bought is not known.'],
  ])('for a gain of %s', (gain, ending) => {
    const sentence = gainSentence(finished({ gain }));
    expect(sentence).toMatch(/^The student reaches 90\.7 % on the test split/);
    expect(sentence.endsWith(ending)).toBe(true);
  });

  it('speaks of what the task measures, in its units, and of better where it falls', () => {
    const withMetrics = (metrics: Record<string, number>) => ({ ...figures('student', 0, 1000, 1), metrics });
    const counted = finished({
      task: 'regression',
      teacher: { ...figures('teacher', 0, 4000, 2), metrics: { mae: 2 } },
      student: withMetrics({ mae: 2.5 }),
      control: withMetrics({ mae: 3.25 }),
      gain: 0.75,
    });
    expect(gainSentence(counted)).toBe(
      `The student reaches a mean absolute error of 2.5 on the test split: distilling bought 0.75 over ${without}.`,
    );
    expect(sizeSentence(counted)).toBe(
      'It is 4.0× smaller than its teacher, and its mean absolute error is 1.3× as large.',
    );
    expect(trustSentence(counted)).toMatch(/other seeds will differ a little/);
    expect(formatTable(counted)).toMatch(/Mean absolute error[\s\S]*\+0\.5\b/);
    const found = finished({ task: 'detection', student: withMetrics({ ap50: 0.4 }), gain: -0.05 });
    expect(gainSentence(found)).toMatch(/^The student reaches an AP at 0\.5 of 40\.0 % .* cost 5\.0 points/);
  });

  it('speaks of no teacher where there was none', () => {
    const report = finished({ teacher: null });
    expect(gainSentence(report)).toContain('trained without distilling');
    expect(sizeSentence(report)).toBeNull();
  });

  it('says so when nothing was measured', () => {
    const report = finished({ student: figures('student', NaN, 10, 1), gain: NaN });
    expect(gainSentence(report)).toContain('not measured');
    expect(formatTable(report)).not.toContain('NaN');
  });

  it('does not call a larger student smaller', () => {
    const student = figures('big', 0.9, 2_426_900, 9);
    expect(sizeSentence(finished({ student }))).toMatch(/^It is 2\.0× as large as its teacher/);
  });

  it('says when the difference may be chance', () => {
    expect(trustSentence(finished({ samples: 10_000 }))).toContain(
      'under about 0.86 points may be chance; this one is above',
    );
    expect(trustSentence(finished({ samples: 500 }))).toContain(
      'under about 3.8 points may be chance; this one is below',
    );
    const perfect = { student: figures('student', 1, 10, 1), control: figures('control', 1, 10, 1), gain: 0 };
    expect(trustSentence(finished({ ...perfect, samples: 500 }))).toContain('other seeds will differ');
    expect(trustSentence(finished({ control: null, gain: null }))).toBeNull();
  });
});

describe('formatTable', () => {
  const lines = formatTable(finished()).split('\n');

  it('has a line for each network with its units, and ratios to the teacher', () => {
    expect(lines[1]).toMatch(/^Teacher +93\.1 % +1\.21 M +84\.9 M +4\.85 MB +6\.20 ± 0\.31 ms$/);
    expect(lines[2]).toMatch(/^Student, with teacher +90\.7 % +98\.4 k +6\.89 M +394 kB +1\.30 ± 0\.07 ms$/);
    expect(lines[3]).toMatch(/−2\.4 points +12× fewer +12× fewer +12× smaller +4\.8× faster$/);
    expect(lines[4]).toMatch(/^Student, without teacher +88\.9 %/);
  });

  it('aligns the columns', () => {
    const widths = lines.slice(0, 6).map((line) => line.length);
    expect(new Set(widths).size).toBe(1);
  });

  it('leaves out what the run does not have', () => {
    const text = formatTable(finished({ teacher: null, control: null, gain: null }));
    expect(text).toContain('Student, distilled');
    expect(text).not.toMatch(/against the teacher|not distilled|NaN|undefined/);
  });
});

describe('writeReport', () => {
  let run: string;
  beforeEach(async () => {
    run = await mkdtemp(join(tmpdir(), 'retort-report-'));
  });
  afterEach(() => rm(run, { recursive: true, force: true }));

  const hostile = `</style></pre><script>alert("1")</script><img src=x onerror='alert(2)'>&`;
  const point = (stage: string, epoch: number, values: Record<string, number>): MetricPoint => ({
    stage,
    epoch,
    step: epoch * 10,
    split: 'acc' in values ? 'validation' : 'train',
    values,
  });
  const write = async (
    report: RunReport,
    points: MetricPoint[],
    text = 'plain',
    recipe: object = { losses: [{ method: text }], note: text },
  ) => {
    const frozen = { createdAt: '2026-01-31T09:30:00Z', recipe } as unknown as FrozenRecipe;
    await writeFile(join(run, 'recipe.json'), JSON.stringify(frozen));
    await writeFile(join(run, 'metrics.jsonl'), points.map((one) => `${JSON.stringify(one)}\n`).join(''));
    const event = { at: '2026-01-31T09:31:00Z', kind: 'warning', message: text };
    await writeFile(join(run, 'events.jsonl'), `${JSON.stringify(event)}\n{"at":"2026`);
    await writeReport(run, report);
    return readFile(join(run, 'report.html'), 'utf8');
  };

  it('escapes everything that comes from the run', async () => {
    const named = finished({
      name: hostile,
      pairs: [{ method: hostile, teacher: hostile, student: hostile, adapter: hostile }],
      student: { ...figures(hostile, 0.9, 10, 1) },
      hashes: { [hostile]: hostile },
      versions: { [hostile]: hostile },
      backend: { name: 'cpu', description: hostile, passedOver: [{ name: hostile, reason: hostile }] },
    });
    const page = await write(
      named,
      [point(hostile, 1, { acc: 0.5 }), point('student', 1, { [`loss/${hostile}`]: 1 })],
      hostile,
    );
    expect(page).not.toMatch(/<script|<img/);
    expect(page.match(/<\/style>/g)).toHaveLength(1);
    expect(page.match(/&lt;script&gt;alert\(&quot;1&quot;\)/g)?.length).toBeGreaterThan(12);
  });

  it('loads nothing: no script, no address, and a policy that allows its own style alone', async () => {
    const page = await write(finished(), [point('student', 1, { acc: 0.5 })]);
    expect(page).not.toMatch(/<(script|link|img|iframe)|https?:|\bsrc=|\bhref=|url\(|@import/);
    const style = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');
    expect(page).toContain(`default-src 'none'; style-src 'sha256-${hash}'`);
    expect(page).not.toMatch(/ style="/);
  });

  it('draws accuracy with the control, and every loss term, but not the learning rate', async () => {
    const points = [1, 2, 3].flatMap((epoch) => [
      point('student', epoch, { loss: 3 / epoch, 'loss/kd': 1 / epoch, lr: 0.1 }),
      point('student', epoch, { acc: 0.3 * epoch }),
      point('control', epoch, { acc: 0.2 * epoch }),
    ]);
    const page = await write(finished(), points);
    const titles = [...page.matchAll(/<h3>(.*?)<\/h3>/g)].map((match) => match[1]);
    expect(titles).toEqual(['Accuracy on the validation split', 'Loss, whole', 'Loss, kd']);
    expect(page).toContain(
      'Student ends at 90.0 %. Control: the same student, not distilled ends at 60.0 %.',
    );
    expect(page).toMatch(
      /<g class="control"><title>[^<]*<\/title>\s*<path\s+class="curve" d="M[\d.]+ [\d.]+L[\d.]+ [\d.]+L/,
    );
  });

  it('survives values that are not numbers, single points and no points', async () => {
    const odd = [
      point('student', 1, { loss: NaN }),
      point('student', 2, { loss: 1 }),
      point('control', 1, { loss: NaN }),
    ];
    expect(await write(finished(), odd)).toMatch(/<circle/);
    expect(await write(finished(), [])).not.toContain('<h2>Curves');
    expect(await write(finished(), odd)).not.toMatch(/d="[^"]*NaN/);
  });

  it('lists the matched layers, and the recipe with its numbers on one line', async () => {
    const pairs = [{ method: 'cwd', teacher: 'relu5', student: 'relu3', adapter: 'conv1x1' }];
    const recipe = { input: { mean: [0.4, 0.5], names: ['a', 'b'] }, losses: [] };
    const page = await write(finished({ pairs }), [], 'plain', recipe);
    expect(page).toContain('<code>relu5</code></td><td><code>relu3</code></td><td>conv1x1</td>');
    expect(page).toContain('&quot;mean&quot;: [0.4, 0.5],');
    const text = /<pre>([\s\S]*?)<\/pre>/.exec(page)?.[1]?.replaceAll('&quot;', '"') ?? '';
    expect(JSON.parse(text)).toEqual(recipe);
  });

  it('says so when the run was stopped', async () => {
    expect(await write(finished({ status: 'stopped' }), [])).toContain('stopped before its end');
  });

  it('writes report.json whole and leaves no temporary file', async () => {
    await write(finished(), []);
    expect(JSON.parse(await readFile(join(run, 'report.json'), 'utf8'))).toEqual(finished());
    expect((await readdir(run)).sort()).toEqual([
      'events.jsonl',
      'metrics.jsonl',
      'recipe.json',
      'report.html',
      'report.json',
    ]);
  });
});
