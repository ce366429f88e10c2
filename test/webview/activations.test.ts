import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RunModels } from '../../engine/contract/calls';
import type { ActivationsHost, ActivationsPage } from '../../engine/contract/pages';
import type { Sheet, SheetRequest } from '../../engine/contract/sheet';
import { colourMap } from '../../webview/activations/colourMap';
import { type OpenedPage, type PageOptions, launchBrowser, openPage, pageSize } from './openPage';
import { fakeRun } from './runs';
import { fakeModels, fakeSample, fakeSheet } from './sheets';

type Question = Omit<SheetRequest, 'run'>;

let browser: Browser;
let opened: OpenedPage<ActivationsPage>;
let questions: Question[];
let chosen: string[];
const models = fakeModels();
const { state } = fakeRun({ points: 200 });

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());
afterEach(async () => {
  expect(opened.violations).toEqual([]);
  expect(opened.errors).toEqual([]);
  await opened.close();
});

const open = async (change: Partial<ActivationsHost> = {}, options: PageOptions = {}) => {
  questions = [];
  chosen = [];
  const host: ActivationsHost = {
    open: async () => ({ ok: true, value: { id: 'r1', name: 'digits', models, state } }),
    sheet: async (question) => {
      questions.push(question);
      return { ok: true, value: fakeSheet(question, models, 1200) };
    },
    sample: async (index) => ({ ok: true, value: fakeSample(index) }),
    layerChosen: async (network, layer, reveal) => void chosen.push(`${network} ${layer} ${reveal}`),
    ...change,
  };
  opened = await openPage<ActivationsPage>(browser, 'activations', host, options);
  await opened.page.waitForSelector('.pane:not([hidden]), .state-failed');
  return opened.page;
};

const eventually = (read: () => Promise<unknown>) => expect.poll(read, { timeout: 15_000 });
const pane = (network: string) => `.pane[data-network="${network}"]`;
const title = (network: string) => opened.page.locator(`${pane(network)} .pane-title`).innerText();
const layer = (network: string, tap: string) =>
  opened.page.locator(`.layers[data-network="${network}"] .layer[data-tap="${tap}"]`);

/** A pixel of a pane's tiles, as the colour map holds it. */
const pixel = (network: string, x: number, y: number): Promise<number> =>
  opened.page.evaluate(
    ({ selector, x, y }) => {
      const context = document.querySelector<HTMLCanvasElement>(selector)?.getContext('2d');
      return context ? (new Uint32Array(context.getImageData(x, y, 1, 1).data.buffer)[0] ?? -1) : -1;
    },
    { selector: `${pane(network)} .tiles`, x, y },
  );

/** Two channels of 2 by 2 with known bytes. */
const knownSheet = (question: Question): Sheet => ({
  ...question,
  height: 2,
  width: 2,
  channels: 2,
  min: Float32Array.of(0, 0),
  max: Float32Array.of(1, 4),
  data: Uint8Array.of(0, 255, 51, 102, 255, 0, 0, 255),
  checkpoint: 42,
});

describe('Activations page', () => {
  it('shows the first matched pair side by side', async () => {
    const page = await open();
    await eventually(() => title('teacher')).toBe('Teacher · relu4');
    expect(await title('student')).toBe('Student · relu2');
    expect(questions.slice(0, 2)).toEqual([
      { network: 'teacher', tap: 'relu4', sample: 0, view: 'values' },
      { network: 'student', tap: 'relu2', sample: 0, view: 'values' },
    ]);
    await eventually(() => page.locator(`${pane('student')} .pane-checkpoint`).innerText()).toBe('step 1200');
    expect(await page.locator(`${pane('teacher')} .pane-checkpoint`).innerText()).toBe('frozen');
    expect(await page.locator('.pair[aria-pressed=true]').innerText()).toContain('relu4 ↔ relu2');
    expect(chosen).toEqual([]);
  });

  it('paints each position in the colour of its value', async () => {
    const page = await open({ sheet: async (question) => ({ ok: true, value: knownSheet(question) }) });
    const colours = colourMap('perceptual');
    const scale = 28;
    const second = 2 * scale + 4;
    await eventually(() => pixel('student', 0, 0)).toBe(colours[0]);
    expect(await pixel('student', scale, scale - 1)).toBe(colours[255]);
    expect(await pixel('student', 0, scale)).toBe(colours[51]);
    expect(await pixel('student', scale, 2 * scale - 1)).toBe(colours[102]);
    expect(await pixel('student', second, 0)).toBe(colours[255]);
    expect(await pixel('student', 2 * scale + 1, 0)).toBe(0);
    await page.getByRole('checkbox', { name: 'Shared scale' }).click();
    await eventually(() => pixel('student', scale, 0)).toBe(colours[Math.round(255 / 4)]);
    expect(await pixel('student', second, 0)).toBe(colours[255]);
    await page.getByRole('combobox', { name: 'Colours' }).click();
    await page.getByRole('option', { name: 'Grey' }).click();
    await eventually(() => pixel('student', second, 0)).toBe(colourMap('grey')[255]);
    await page.getByRole('combobox', { name: 'Order' }).click();
    await page.getByRole('option', { name: 'By energy' }).click();
    await eventually(() => pixel('student', 0, 0)).toBe(colourMap('grey')[255]);
  });

  it('tells the host which layer was chosen, and goes to its code when asked', async () => {
    const page = await open();
    await layer('student', 'conv1').click();
    await eventually(async () => chosen).toEqual(['student conv1 false']);
    expect(await page.locator(pane('teacher')).isVisible()).toBe(false);
    await layer('teacher', 'relu5').click();
    await eventually(() => title('student')).toBe('Student · relu3');
    await page
      .locator(`${pane('student')} .button-icon`)
      .first()
      .click();
    await page.locator('.pair', { hasText: 'relu4' }).click();
    const expected = [
      'student conv1 false',
      'teacher relu5 false',
      'student relu3 true',
      'student relu2 false',
    ];
    await eventually(async () => chosen).toEqual(expected);
  });

  it('follows the cursor in the code without answering back', async () => {
    await open();
    await opened.call.chooseLayer('student', 'relu3');
    await eventually(() => title('teacher')).toBe('Teacher · relu5');
    expect(await layer('student', 'relu3').getAttribute('aria-selected')).toBe('true');
    await opened.call.chooseLayer('student', 'gone');
    await opened.call.chooseLayer('teacher', 'conv2');
    await eventually(() => title('teacher')).toBe('Teacher · conv2');
    expect(chosen).toEqual([]);
  });

  it('is walked through by keys: layers, tiles, a channel', async () => {
    const page = await open({
      sheet: async (question) => ({ ok: true, value: fakeSheet(question, models, 5) }),
    });
    await page.locator('.layers[data-network="student"] .layer-list').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await eventually(async () => chosen).toEqual(['student pool2 false', 'student pool2 true']);
    await eventually(() => page.locator(`${pane('student')}[aria-busy=false]`).count()).toBe(1);
    const grid = page.locator(`${pane('student')} [role=grid]`);
    await eventually(() => grid.getAttribute('aria-colcount')).not.toBeNull();
    await grid.focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowDown');
    const columns = Number(await grid.getAttribute('aria-colcount'));
    await eventually(() => grid.locator('[role=row]').getAttribute('aria-rowindex')).toBe('2');
    await eventually(() => grid.locator('[role=gridcell]').textContent()).toMatch(
      `Channel ${columns + 1}: min `,
    );
    await page.keyboard.press('Enter');
    const channel = page.locator(`${pane('student')} .channel`);
    expect(await channel.locator('.channel-title').innerText()).toBe(`Channel ${columns + 1}`);
    await page.keyboard.press('Escape');
    expect(await channel.isVisible()).toBe(false);
  });

  it('shows a channel large, with the value under the pointer', async () => {
    const page = await open({ sheet: async (question) => ({ ok: true, value: knownSheet(question) }) });
    await page.locator(`${pane('student')} .tiles`).click({ position: { x: 70, y: 10 } });
    const channel = page.locator(`${pane('student')} .channel`);
    expect(await channel.locator('.channel-title').innerText()).toBe('Channel 1');
    expect(await channel.locator('.channel-numbers').innerText()).toBe('min 0 · max 4 · energy 8');
    await channel.locator('.channel-map').hover({ position: { x: 170, y: 170 } });
    expect(await channel.locator('.channel-value').innerText()).toBe('row 1, column 1: 4');
    await channel.getByRole('button', { name: 'Channel after' }).click();
    expect(await channel.locator('.channel-title').innerText()).toBe('Channel 0');
  });

  it('shows the student through its adapter beside the teacher, channel by channel', async () => {
    const page = await open();
    await page.getByRole('combobox', { name: 'View' }).click();
    await page.getByRole('option', { name: 'Adapted' }).click();
    await eventually(async () => questions.slice(-2)).toEqual([
      { network: 'teacher', tap: 'relu4', sample: 0, view: 'values' },
      { network: 'student', tap: 'relu2', sample: 0, view: 'adapted' },
    ]);
    await eventually(() => page.locator(`${pane('student')}[aria-busy=false]`).count()).toBe(1);
    await page.locator(`${pane('student')} .tiles`).click({ position: { x: 130, y: 10 } });
    const titles = page.locator('.channel-title');
    await eventually(() => titles.allInnerTexts()).toEqual(['Channel 2', 'Channel 2']);
    await layer('student', 'conv1').click();
    await eventually(async () => questions.at(-1)).toMatchObject({ tap: 'conv1', view: 'values' });
  });

  it('walks through the samples with both predictions', async () => {
    const page = await open();
    const words = page.locator('.sample-words');
    await eventually(() => words.innerText()).toContain('student ✗ shirt 48 %');
    expect(await words.innerText()).toContain('teacher ✓ dress 93 %');
    await page.getByRole('button', { name: 'Next sample' }).click();
    await eventually(async () => questions.at(-1)?.sample).toBe(1);
    await page.getByRole('spinbutton', { name: 'Sample' }).fill('500');
    await page.keyboard.press('Enter');
    await eventually(async () => questions.at(-1)?.sample).toBe(499);
    await page.getByRole('button', { name: 'Next sample' }).click();
    await eventually(async () => questions.at(-1)?.sample).toBe(0);
    expect((await opened.saved())['sample']).toBe(0);
  });

  it('asks one question at a time and ends with the newest', async () => {
    let most = 0;
    let running = 0;
    await open({
      sheet: async (question) => {
        questions.push(question);
        if (question.network === 'student') most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 120));
        if (question.network === 'student') running -= 1;
        return { ok: true, value: fakeSheet(question, models, 1) };
      },
    });
    for (const tap of ['conv1', 'bn1', 'relu1', 'pool1', 'conv2'])
      await opened.call.chooseLayer('student', tap);
    await eventually(() => opened.page.locator(`${pane('student')}[aria-busy=false]`).count()).toBe(1);
    expect(await title('student')).toBe('Student · conv2');
    expect(most).toBe(1);
    expect(questions.at(-1)?.tap).toBe('conv2');
    expect(questions.filter((question) => question.network === 'student').length).toBeLessThan(5);
  });

  it('follows a run that goes on, or offers to', async () => {
    const page = await open();
    await eventually(async () => questions.length).toBe(2);
    await opened.call.state({ ...state, checkpoint: 1300 });
    await eventually(async () => questions.length).toBe(4);
    await page.getByRole('checkbox', { name: 'Follow the run' }).click();
    await opened.call.state({ ...state, checkpoint: 1400 });
    await page.getByRole('button', { name: 'Show the newest' }).click();
    await eventually(async () => questions.length).toBe(6);
    expect(await page.getByRole('button', { name: 'Show the newest' }).isVisible()).toBe(false);
  });

  it('says what went wrong, and tries again', async () => {
    let fails = true;
    const failure = {
      code: 'checkpointCorrupt',
      message: 'The newest checkpoint is damaged.',
      next: 'Wait for the next one.',
    } as const;
    const page = await open({
      open: async () =>
        fails ? { ok: false, failure } : { ok: true, value: { id: 'r1', name: 'digits', models, state } },
    });
    expect(await page.locator('.state-failed').innerText()).toContain('The newest checkpoint is damaged.');
    fails = false;
    await page.getByRole('button', { name: 'Try again' }).click();
    await eventually(() => title('student')).toBe('Student · relu2');
  });

  it('says in its pane why a layer cannot be shown', async () => {
    const next = 'Choose a layer that puts out maps or vectors.';
    const failure = { code: 'modelUnsupported', message: 'This layer puts out no channels.', next } as const;
    const page = await open({ sheet: async () => ({ ok: false, failure }) });
    await eventually(() => page.locator(`${pane('student')} .state-failed`).innerText()).toContain(next);
  });

  it('comes back to the layer, the sample and the look, for the same run', async () => {
    const selection = { network: 'student', tap: 'relu3', partner: 'relu5' };
    const saved = { version: 1, run: 'r1', selection, sample: 12, sorting: 'energy', colours: 'grey' };
    await open({}, { saved });
    await eventually(() => title('student')).toBe('Student · relu3');
    expect(questions[0]?.sample).toBe(12);
    await opened.close();
    await open({}, { saved: { ...saved, run: 'another' } });
    await eventually(() => title('student')).toBe('Student · relu2');
    expect(questions[0]?.sample).toBe(0);
  });

  it('shows a run without a teacher', async () => {
    const alone: RunModels = { ...models, teacher: null, pairs: [] };
    const value = { id: 'r1', name: 'digits', models: alone, state };
    const page = await open({ open: async () => ({ ok: true, value }) });
    await eventually(() => title('student')).toBe('Student · relu3');
    expect(await page.locator('.layers[data-network="teacher"]').isVisible()).toBe(false);
    expect(await page.locator('.pairs').isVisible()).toBe(false);
  });

  it.each([
    ['dark', 1000, 700],
    ['light', 500, 800],
    ['contrast', 1000, 700],
  ] as const)('looks as it should in %s at %i by %i', async (theme, width, height) => {
    const page = await open({}, { theme, width, height });
    await page.waitForSelector(`${pane('teacher')}[aria-busy=false] .tiles`);
    await page.waitForSelector(`${pane('student')}[aria-busy=false] .tiles`);
    expect(
      await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth),
    ).toBeLessThanOrEqual(0);
    await opened.screenshot(`activations-pair-${theme}`);
    await page.locator(`${pane('student')} .tiles`).click({ position: { x: 10, y: 10 } });
    expect(await page.locator(`${pane('student')} .channel-title`).innerText()).toBe('Channel 0');
    await opened.screenshot(`activations-channel-${theme}`);
  });

  it('stays small', async () => {
    await open();
    const size = await pageSize('activations.js');
    console.log(`activations.js: ${Math.round(size / 1000)} kB`);
    expect(size).toBeLessThan(450_000);
  });
});
