import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CurvesHost, CurvesPage, RunSnapshot } from '../../engine/contract/pages';
import type { MetricPoint } from '../../engine/contract/run';
import { type OpenedPage, type PageOptions, launchBrowser, openPage, pageSize, setTheme } from './openPage';
import { fakeRun } from './runs';
import { themes } from './themes';

let browser: Browser;
let opened: OpenedPage<CurvesPage>;
let asked: string[];

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());
afterEach(async () => {
  expect(opened.violations).toEqual([]);
  expect(opened.errors).toEqual([]);
  await opened.close();
});

/** A host that holds these runs and writes down what it is asked. */
const open = async (runs: RunSnapshot[], options: PageOptions = {}) => {
  asked = [];
  const note = (call: string) => async (id?: string) => void asked.push(id ? `${call} ${id}` : call);
  const host: CurvesHost = {
    open: async () => {
      asked.push('open');
      return { runs };
    },
    chooseRuns: note('chooseRuns'),
    stop: note('stop'),
    openReport: note('openReport'),
    openActivations: note('openActivations'),
    exportCsv: note('exportCsv'),
  };
  opened = await openPage<CurvesPage>(browser, 'curves', host, options);
  await opened.page.waitForSelector('.run, .state-empty, .state-failed');
  return opened.page;
};

const text = (selector: string) => opened.page.locator(selector).first().innerText();
const eventually = (read: () => Promise<unknown>) => expect.poll(read, { timeout: 15_000 });

/** How many pixels of a chart's canvas have a colour, within a little. */
const pixelsOf = (chart: string, colour: string): Promise<number> =>
  opened.page.evaluate(
    ({ chart, colour }) => {
      const canvas = document.querySelector<HTMLCanvasElement>(`[data-chart="${chart}"] canvas`);
      const context = canvas?.getContext('2d');
      if (!canvas || !context) return -1;
      const wanted = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let index = 0; index < data.length; index += 4)
        if (wanted.every((value, axis) => Math.abs(value - (data[index + axis] ?? 0)) < 6)) count += 1;
      return count;
    },
    { chart, colour },
  );

const point = (step: number, values: Record<string, number>): MetricPoint => ({
  stage: 'control',
  step,
  epoch: Math.ceil(step / 100),
  split: 'train',
  values,
});

const blue = themes.dark.colours['charts-blue'] ?? '';
const yellow = themes.dark.colours['charts-yellow'] ?? '';

describe('Curves page', () => {
  it('shows the losses’ shares in one explained chart, and what was noticed about them', async () => {
    const run = fakeRun({ points: 20 });
    const shares = [1, 101].map((step): MetricPoint => ({
      ...point(step, { 'share/task': 0.03, 'share/kd': 0.97 }),
      stage: 'student',
    }));
    const warning = {
      stage: 'student',
      loss: 'kd',
      kind: 'drowning' as const,
      message: 'The loss kd makes up 97 % of the gradient.',
      next: 'Lower its weight.',
    };
    const state = { ...run.state, warnings: [warning] };
    await open([{ ...run, state, points: [...run.points, ...shares] }]);
    await eventually(() => text('[data-chart="share"] .readout')).toMatch(/kd\s*97\.0 %/);
    expect(await text('[data-chart="share"] .chart-note')).toContain('drowns the others');
    expect(await text('.run-warnings')).toContain(`${warning.message} ${warning.next}`);
    await eventually(() => pixelsOf('share', yellow)).toBeGreaterThan(20);
  });

  it('draws one chart a metric, with student and control on the same steps', async () => {
    const page = await open([fakeRun({ points: 400 })]);
    await page.waitForSelector('.uplot canvas');
    const charts = await page.locator('.chart').evaluateAll((all) => all.map((one) => one.dataset['chart']));
    expect(charts).toEqual(['accuracy', 'loss', 'loss/task', 'loss/kd', 'loss/cwd:conv5', 'lr']);
    await eventually(() => pixelsOf('accuracy', blue)).toBeGreaterThan(100);
    expect(await pixelsOf('accuracy', yellow)).toBeGreaterThan(100);
    expect(await pixelsOf('loss/kd', yellow)).toBe(0);
    expect(await text('.status')).toBe('Training');
    expect(await text('.run-progress')).toBe('control, epoch 28 of 40 · 70 % · 3 min 20 s left');
    expect(await page.locator('[role=progressbar]').getAttribute('aria-valuenow')).toBe('5600');
  });

  it('takes new points as they come, and asks for everything when some were lost', async () => {
    const run = fakeRun({ points: 50 });
    await open([run]);
    await opened.page.waitForSelector('.uplot canvas');
    const have = run.points.length;
    await opened.call.append(run.id, have, [point(2000, { loss: 0.125, acc: 0.75 })], run.state, null);
    await eventually(() => text('[data-chart="loss"] .readout li:nth-child(3) .readout-value')).toBe('0.125');
    expect(asked).toEqual(['open']);
    await opened.call.append(run.id, have + 9, [point(3000, { loss: 0.1 })], run.state, null);
    await eventually(async () => asked).toEqual(['open', 'open']);
  });

  it('waits for the first step, then shows it', async () => {
    const run = fakeRun({ points: 0, status: 'preparing' });
    const page = await open([run]);
    expect(await text('.state-empty')).toContain('Waiting for the first step…');
    expect(await page.locator('.toolbar').isVisible()).toBe(false);
    await opened.call.append(run.id, 0, [point(10, { loss: 2, acc: 0.1 })], run.state, null);
    await page.waitForSelector('.uplot canvas');
    expect(await page.locator('.state-empty').count()).toBe(0);
    await eventually(() => pixelsOf('loss', yellow)).toBeGreaterThan(5);
  });

  it('says why a run failed and what to do', async () => {
    const run = fakeRun({ points: 30, status: 'failed' });
    const next = 'Lower the learning rate and resume.';
    run.state.failure = { code: 'notANumber', message: 'The loss became not a number at step 310.', next };
    await open([run]);
    const words = await text('.state-failed');
    for (const part of ['The loss became not a number at step 310.', next, 'notANumber'])
      expect(words).toContain(part);
  });

  it('offers a choice where no run is chosen', async () => {
    const page = await open([]);
    await page.getByRole('button', { name: 'Choose runs…' }).click();
    await eventually(async () => asked).toEqual(['open', 'chooseRuns']);
  });

  it('switches to a logarithmic scale, to epochs, to smoothed lines with the raw ones behind', async () => {
    const page = await open([fakeRun({ points: 400 })]);
    await page.waitForSelector('.uplot canvas');
    await page.getByRole('checkbox', { name: 'Log scale' }).click();
    await eventually(async () => (await opened.saved())['log']).toBe(true);
    await page.locator('.slider').fill('0.9');
    await eventually(async () => (await opened.saved())['smoothing']).toBe(0.9);
    expect(await text('.slider-value')).toBe('0.90');
    const before = await pixelsOf('loss/kd', blue);
    expect(before).toBeGreaterThan(20);
    await page.getByRole('combobox', { name: 'Horizontal axis' }).click();
    await page.getByRole('option', { name: 'Epochs' }).click();
    await eventually(async () => (await opened.saved())['axis']).toBe('epochs');
  });

  it('zooms all charts by dragging over one, and goes back', async () => {
    const page = await open([fakeRun({ points: 400 })]);
    await page.waitForSelector('.uplot canvas');
    const box = await page.locator('[data-chart="loss"] .u-over').boundingBox();
    if (!box) throw new Error('no plot');
    await page.mouse.move(box.x + box.width * 0.25, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 60, { steps: 4 });
    await page.mouse.up();
    const reset = page.getByRole('button', { name: 'Reset zoom' });
    await reset.waitFor();
    const { min, max } = (await opened.saved())['zoom'] as { min: number; max: number };
    expect(min).toBeCloseTo(10 + 0.25 * 3990, -2);
    expect(max).toBeCloseTo(10 + 0.5 * 3990, -2);
    const shown = await page.locator('[data-chart="accuracy"] .plot').getAttribute('aria-valuemax');
    expect(Number(shown)).toBe(max);
    await reset.click();
    await reset.waitFor({ state: 'hidden' });
    expect((await opened.saved())['zoom']).toBeNull();
  });

  it('shows the values of all charts where the pointer is', async () => {
    const page = await open([fakeRun({ points: 400 })]);
    await page.waitForSelector('.uplot canvas');
    const newest = await text('[data-chart="accuracy"] .readout-value');
    await page.locator('[data-chart="loss"] .u-over').hover({ position: { x: 60, y: 40 } });
    await eventually(() => text('[data-chart="accuracy"] .chart-place')).toMatch(/^step \d+$/);
    expect(await text('[data-chart="loss"] .chart-place')).toBe(
      await text('[data-chart="accuracy"] .chart-place'),
    );
    expect(await text('[data-chart="accuracy"] .readout-value')).not.toBe(newest);
  });

  it('is walked through by keys: cursor, zoom, stages', async () => {
    const page = await open([fakeRun({ points: 400 })]);
    await page.waitForSelector('.uplot canvas');
    const plot = page.locator('[data-chart="loss"] .plot');
    await plot.focus();
    await page.keyboard.press('ArrowLeft');
    await eventually(() => plot.getAttribute('aria-valuetext')).toMatch(/^step \d+, student · loss /);
    await page.keyboard.press('+');
    await eventually(async () => (await opened.saved())['zoom']).not.toBeNull();
    await page.keyboard.press('Escape');
    await eventually(async () => (await opened.saved())['zoom']).toBeNull();
    await page.locator('.stage', { hasText: 'control' }).focus();
    await page.keyboard.press('Enter');
    await eventually(() => pixelsOf('accuracy', yellow)).toBe(0);
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('control');
    expect(await page.locator('.stage[aria-pressed=false]').innerText()).toBe('control');
  });

  it('shows a table of epochs that sorts by its columns', async () => {
    const page = await open([fakeRun({ points: 100 })]);
    await page.getByRole('checkbox', { name: 'Show as table' }).click();
    await page.waitForSelector('.table-scroll tbody tr');
    expect(await page.locator('.charts').isVisible()).toBe(false);
    expect(await page.locator('.table-scroll tbody tr').count()).toBe(20);
    const cells = page.locator('[aria-label="Numbers of each epoch"] tbody tr td:nth-child(3)');
    const column = async () => (await cells.allInnerTexts()).map(parseFloat);
    await page.locator('th[data-column="acc"] button').click();
    expect(await page.locator('th[data-column="acc"]').getAttribute('aria-sort')).toBe('ascending');
    const rising = await column();
    expect(rising[0]).toBeLessThan(50);
    expect(rising).toEqual([...rising].sort((one, other) => one - other));
    await page.locator('th[data-column="acc"] button').click();
    expect(await column()).toEqual([...rising].reverse());
  });

  it('shows the result when the report comes, and hands the buttons on', async () => {
    const run = fakeRun({ points: 100 });
    const done = fakeRun({ points: 100, status: 'done', report: true });
    const page = await open([run]);
    expect(await page.locator('.results').isVisible()).toBe(false);
    await page.getByRole('button', { name: 'Stop' }).click();
    await opened.call.append(run.id, run.points.length, [], done.state, done.report);
    await page.waitForSelector('.results');
    const rows = await page.locator('.results tbody tr').allInnerTexts();
    expect(rows[1]?.split('\t')).toEqual([
      'Student, distilled',
      '91.50 %',
      '+1.25 points',
      '96.4 k (1/13)',
      '2.99 M',
      '386 kB',
      '1.07 ± 0.21 ms',
    ]);
    for (const name of ['Open report', 'Activations', 'Save the points as CSV'])
      await page.getByRole('button', { name }).click();
    const { id } = run;
    const calls = [`stop ${id}`, `openReport ${id}`, `openActivations ${id}`, `exportCsv ${id}`];
    await eventually(async () => asked).toEqual(['open', ...calls]);
    expect(await page.getByRole('button', { name: 'Stop' }).isVisible()).toBe(false);
  });

  it('takes the colours of a new theme at once', async () => {
    const page = await open([fakeRun({ points: 400 })]);
    await page.waitForSelector('.uplot canvas');
    const before = await pixelsOf('accuracy', blue);
    expect(before).toBeGreaterThan(100);
    await setTheme(page, 'light');
    await eventually(() => pixelsOf('accuracy', themes.light.colours['charts-blue'] ?? '')).toBeGreaterThan(
      100,
    );
    expect(await pixelsOf('accuracy', blue)).toBeLessThan(before / 4);
  });

  it('comes back as it was arranged', async () => {
    const saved = {
      version: 1,
      axis: 'epochs',
      log: true,
      smoothing: 0.5,
      hidden: ['20260102-030405-digits control'],
    };
    const page = await open([fakeRun({ points: 400 })], { saved });
    await page.waitForSelector('.uplot canvas');
    expect(await page.locator('.slider').inputValue()).toBe('0.5');
    expect(await page.getByRole('checkbox', { name: 'Log scale' }).getAttribute('aria-checked')).toBe('true');
    await eventually(() => pixelsOf('accuracy', yellow)).toBe(0);
    expect(await pixelsOf('accuracy', blue)).toBeGreaterThan(100);
  });

  it('starts afresh from a state of another version', async () => {
    const page = await open([fakeRun({ points: 20 })], { saved: { version: 99, table: true } });
    await page.waitForSelector('.uplot canvas');
    expect(await page.locator('.charts').isVisible()).toBe(true);
  });

  it('asks for everything when it is seen again', async () => {
    const page = await open([fakeRun({ points: 20 })]);
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await eventually(async () => asked).toEqual(['open', 'open']);
  });

  it('says what a screen reader should hear, and not at every step', async () => {
    const run = fakeRun({ points: 50 });
    const page = await open([run]);
    const live = page.locator('.page > [aria-live=polite]');
    await eventually(() => live.textContent()).toContain('digits: Training. control, epoch');
    const state = { ...run.state, epoch: 5 };
    await opened.call.append(run.id, run.points.length, [], state, null);
    await page.waitForFunction(() =>
      document.querySelector('.run-progress')?.textContent?.includes('epoch 5'),
    );
    expect(await live.textContent()).not.toContain('epoch 5');
  });

  it('redraws several long runs within a frame', async () => {
    const runs = ['a', 'b', 'c'].map((id) => fakeRun({ id, name: id, points: 2000, level: 0.9 }));
    const page = await open(runs);
    await page.waitForSelector('.uplot canvas');
    await page.evaluate(() => {
      const world = window as unknown as { drawMs: number[] };
      world.drawMs = [];
      const original = window.requestAnimationFrame.bind(window);
      window.requestAnimationFrame = (callback) =>
        original((time) => {
          const start = performance.now();
          callback(time);
          world.drawMs.push(performance.now() - start);
        });
    });
    const state = runs[0]?.state;
    if (!state) throw new Error('no run');
    for (let index = 0; index < 20; index++) {
      const added = point(20_010 + index * 10, { loss: 0.3, acc: 0.9 });
      await opened.call.append('a', 4400 + index, [added], state, null);
      await page.evaluate(() => new Promise(requestAnimationFrame));
    }
    const drawn = () =>
      page.evaluate(() => (window as unknown as { drawMs: number[] }).drawMs.filter((ms) => ms > 0));
    await eventually(async () => (await drawn()).length).toBeGreaterThan(4);
    const sorted = (await drawn()).sort((one, other) => one - other);
    const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
    console.log(`redraw of 3 runs with 2000 train points a stage: median ${median.toFixed(1)} ms`);
    expect(asked).toEqual(['open']);
  });

  it.each([
    ['dark', 1000, 700],
    ['light', 500, 800],
    ['contrast', 1000, 700],
  ] as const)('looks as it should in %s at %i by %i', async (theme, width, height) => {
    const stages = ['teacher', 'student', 'control'];
    const done = fakeRun({ points: 600, stages, status: 'done', report: true });
    const page = await open([done], { theme, width, height });
    await page.waitForSelector('.uplot canvas');
    const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(await overflow()).toBeLessThanOrEqual(0);
    await opened.screenshot(`curves-done-${theme}`);
    const one = fakeRun({ id: 'a', name: 'kd only', points: 2000, level: 0.905, status: 'done' });
    const live = fakeRun({ id: 'b', name: 'kd + cwd', points: 1400, level: 0.92 });
    await opened.call.show([one, live]);
    await page.waitForFunction(() => document.querySelectorAll('.run').length === 2);
    await eventually(() => text('.readout li')).toContain('kd only');
    expect(await overflow()).toBeLessThanOrEqual(0);
    await opened.screenshot(`curves-live-${theme}`);
  });

  it('stays small', async () => {
    await open([]);
    const size = await pageSize('curves.js');
    console.log(`curves.js: ${Math.round(size / 1000)} kB`);
    expect(size).toBeLessThan(450_000);
  });
});
