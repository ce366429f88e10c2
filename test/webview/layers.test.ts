import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { LayersHost, LayersPage, LossDraft } from '../../engine/contract/pages';
import { knownNetworks, type KnownNetworks } from './layers';
import { type OpenedPage, type PageOptions, launchBrowser, openPage, pageSize } from './openPage';

let browser: Browser;
let opened: OpenedPage<LayersPage>;
let asked: string[];
let written: LossDraft[][];
const shapes = knownNetworks('shapes');

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());
afterEach(async () => {
  expect(opened.violations).toEqual([]);
  expect(opened.errors).toEqual([]);
  await opened.close();
});

const open = async (
  known: KnownNetworks = shapes,
  change: Partial<LayersHost> = {},
  options: PageOptions = {},
) => {
  asked = [];
  written = [];
  const host: LayersHost = {
    open: async () => ({ ok: true, value: known.subject }),
    compare: async () => ({ ok: true, value: known.comparison }),
    propose: async () => ({ ok: true, value: known.proposal }),
    layerChosen: async (network, layer, reveal) => void asked.push(`${network} ${layer} ${reveal}`),
    chooseModel: async (network) => void asked.push(`choose ${network}`),
    swap: async () => void asked.push('swap'),
    chooseData: async () => void asked.push('data'),
    write: async (losses) => {
      written.push(losses);
      return { ok: true, value: { file: 'student.distill.json' } };
    },
    ...change,
  };
  opened = await openPage<LayersPage>(browser, 'layers', host, { width: 1400, height: 900, ...options });
  await opened.page.waitForSelector('.side.layer, .state-failed');
  return opened.page;
};

const eventually = (read: () => Promise<unknown>) => expect.poll(read, { timeout: 15_000 });
const side = (network: string, layer: string) =>
  opened.page.locator(`.side.layer[data-network="${network}"][data-layer="${layer}"]`);
const focusOn = (network: string, layer: string) => side(network, layer).locator('.name').focus();
const chosen = () =>
  opened.page
    .locator('.side.layer.chosen')
    .evaluateAll((sides) =>
      sides.map(
        ({ dataset }) => `${(dataset as DOMStringMap)['network']} ${(dataset as DOMStringMap)['layer']}`,
      ),
    );
const linked = () =>
  opened.page
    .locator('.link')
    .evaluateAll((links) => links.map((link) => (link as SVGGElement).dataset['pair']));
const pairsReady = () => eventually(async () => (await linked()).length).toBe(3);
const top = async (network: string, layer: string) => (await side(network, layer).boundingBox())?.y;

describe('Layers page', () => {
  it('lays both networks on common lines, stage beside stage', async () => {
    const page = await open();
    const stages = await page.locator('.line.stage .side .name').allInnerTexts();
    expect(stages.map((words) => words.replaceAll('\n', ' '))).toEqual([
      '32 × 32 4 layers',
      '32 × 32 4 layers',
      '16 × 16 7 layers',
      '16 × 16 4 layers',
      '8 × 8 7 layers',
      '8 × 8 4 layers',
      '4 × 4 4 layers',
      'vectors 2 layers',
      'vectors 2 layers',
    ]);
    expect(await top('teacher', 'relu5')).toBe(await top('student', 'relu3'));
    expect(await top('teacher', 'classes')).toBe(await top('student', 'classes'));
    expect(await side('teacher', 'conv2').innerText()).toContain('16×16×32');
  });

  it('shows what was counted at once, and what was measured when it comes', async () => {
    let measure: () => void = () => undefined;
    const measuring = new Promise<void>((resolve) => (measure = resolve));
    const page = await open(shapes, {
      compare: async () => {
        await measuring;
        return { ok: true, value: shapes.comparison };
      },
    });
    expect(await page.locator('.status-line').innerText()).toBe('Measuring the layers…');
    const student = page.locator('.summary tr[data-network="student"]');
    expect(await student.innerText()).toMatch(/5\.17 k\s+737 k\s+…/);
    measure();
    await eventually(() => page.locator('.status-line').innerText()).toContain('Measured on TensorFlow');
    expect(await student.innerText()).toContain('20.7 kB');
    expect(await page.locator('.summary .ratios').innerText()).toMatch(/28\.1×\s+11\.8×/);
    await page.getByRole('radio', { name: 'Latency' }).click();
    expect(await side('student', 'conv1').locator('.cell.latency.chosen').innerText()).toMatch(
      /^0\.\d{3} ms$/,
    );
    expect(await page.locator('.totals .side[data-network="student"] .cell.macs').innerText()).toBe('737 k');
  });

  it('shares by what is chosen, by keys too', async () => {
    const page = await open();
    const width = async (layer: string) =>
      Number.parseFloat(
        (await side('teacher', layer).locator('.fill').getAttribute('style'))?.slice(7) ?? '',
      );
    expect(await width('conv3')).toBeGreaterThan(99);
    expect(await width('conv2')).toBeCloseTo(50, 0);
    await page.getByRole('radio', { name: 'MACs' }).focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    expect(await page.getByRole('radio', { name: 'Params' }).getAttribute('aria-checked')).toBe('true');
    expect(await width('conv6')).toBeGreaterThan(99);
    expect((await opened.saved())['metric']).toBe('parameters');
  });

  it('is walked through by keys, within a network and across', async () => {
    const page = await open();
    await pairsReady();
    await focusOn('student', 'conv2');
    await page.keyboard.press('ArrowDown');
    await eventually(chosen).toEqual(['student norm2']);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowLeft');
    await eventually(chosen).toEqual(['teacher relu3']);
    await page.keyboard.press('Home');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toContain(
      'Stage 32 × 32',
    );
    await page.keyboard.press('Enter');
    await eventually(() => side('teacher', 'conv1').count()).toBe(0);
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    await eventually(async () => asked.at(-1)).toBe('teacher classes true');
    expect(await page.locator('.lines .name[tabindex="0"]').count()).toBe(1);
  });

  it('tells the host of a chosen layer, and follows the cursor without telling it back', async () => {
    const page = await open();
    await side('student', 'conv2').click();
    await eventually(async () => asked).toEqual(['student conv2 false']);
    expect(await page.locator('.details').innerText()).toContain('16 × 16 × 16');
    await side('teacher', 'conv4').dblclick();
    await eventually(async () => asked.at(-1)).toBe('teacher conv4 true');
    const before = asked.length;
    await opened.call.chooseLayer('teacher', 'relu5');
    await eventually(chosen).toEqual(['teacher relu5']);
    expect(asked.length).toBe(before);
  });

  it('draws the proposed pairs, and offers adapters with what they cost', async () => {
    const page = await open();
    await pairsReady();
    await page.locator('.link[data-pair="relu5 ↔ relu3"]').click();
    await eventually(chosen).toEqual(['student relu3']);
    const item = page.locator('.pair-item.chosen');
    const proposed = shapes.proposal.proposal.pairs[2];
    expect(await item.innerText()).toContain(proposed?.reason);
    expect(await item.locator('.offers tbody tr').count()).toBe(proposed?.adapters.length);
    await page.locator('.method input').nth(3).scrollIntoViewIfNeeded();
    await page.getByRole('checkbox', { name: 'Hints (FitNets)' }).check();
    await item.getByRole('radio', { name: '3×3' }).check();
    await item.getByRole('checkbox', { name: 'fitnets' }).check();
    await page.getByRole('button', { name: 'Write recipe' }).click();
    await eventually(async () => written.length).toBe(1);
    const taken = (method: string) => written[0]?.find((loss) => loss.method === method)?.pairs;
    expect(taken('fitnets')?.at(-1)).toEqual({ teacher: 'relu5', student: 'relu3', adapter: 'conv3x3' });
    expect(taken('at')?.at(-1)).toEqual({ teacher: 'relu5', student: 'relu3', adapter: 'auto' });
    expect(taken('kd')).toBeNull();
    expect(await page.locator('.written').innerText()).toBe('Wrote student.distill.json.');
  });

  it('makes and removes pairs by keys', async () => {
    const page = await open();
    await pairsReady();
    await focusOn('teacher', 'relu4');
    await page.keyboard.press('p');
    expect(await page.locator('.pairing-words').innerText()).toContain('Pairing relu4 of the teacher');
    await focusOn('student', 'norm3');
    await page.keyboard.press('p');
    await eventually(linked).toContain('relu4 ↔ norm3');
    expect(await page.locator('.pairing-words').isVisible()).toBe(false);
    await page.locator('.pair-item.chosen').getByRole('radio', { name: '1×1', exact: true }).check();
    await eventually(() => page.locator('.pair-item.chosen .pair-adapter').innerText()).toBe('1×1');
    await focusOn('student', 'norm3');
    await page.keyboard.press('Delete');
    await eventually(async () => (await linked()).length).toBe(3);
    await focusOn('teacher', 'conv1');
    await page.keyboard.press('p');
    await page.keyboard.press('Escape');
    expect(await page.locator('.pairing-words').isVisible()).toBe(false);
  });

  it('makes a pair by dragging from a port', async () => {
    const page = await open();
    await pairsReady();
    await side('student', 'average').scrollIntoViewIfNeeded();
    const port = await side('teacher', 'relu6').locator('.port').boundingBox();
    const target = await side('student', 'conv3').locator('.name').boundingBox();
    if (!port || !target) throw new Error('nothing to drag');
    await page.mouse.move(port.x + 6, port.y + 6);
    await page.mouse.down();
    await page.mouse.move(target.x + 20, target.y + 12, { steps: 4 });
    expect(await page.locator('.link-preview').getAttribute('d')).toMatch(/^M/);
    await page.mouse.up();
    await eventually(linked).toContain('relu6 ↔ conv3');
  });

  it('shows how alike the candidates are; a cell leads to its pair or offers one', async () => {
    const page = await open();
    await pairsReady();
    const cell = (teacher: string, student: string) =>
      page.locator(`.heat-cell[data-teacher="${teacher}"][data-student="${student}"]`);
    expect(await cell('relu5', 'relu3').getAttribute('aria-label')).toMatch(/CKA 0\.\d\d$/);
    await cell('relu5', 'relu3').click();
    await eventually(() => page.locator('.pair-item.chosen').getAttribute('data-pair')).toBe('relu5 ↔ relu3');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Add this pair' }).click();
    expect(await linked()).toHaveLength(4);
  });

  it('finds, folds and closes', async () => {
    const resnet = knownNetworks('resnet');
    const page = await open(resnet);
    expect(await page.locator('.side.layer').count()).toBeLessThan(70);
    await page.keyboard.press('Escape');
    await page.locator('.side.layer .name').first().focus();
    await page.keyboard.press('/');
    await page.keyboard.type('s3 add');
    await eventually(() => page.locator('.side.layer[data-network="teacher"]').count()).toBe(5);
    await page.locator('.search').fill('');
    await page.getByRole('checkbox', { name: 'Fold' }).click();
    const layers = resnet.subject.student.layers.length + (resnet.subject.teacher?.layers.length ?? 0);
    await eventually(() => page.locator('.side.layer').count()).toBe(layers);
    await page.getByRole('button', { name: 'Close all stages' }).click();
    await eventually(() => page.locator('.side.layer').count()).toBe(0);
    await pairsReady();
  });

  it('shows a recipe as it is, and writes only what was changed', async () => {
    const pairs = [{ teacher: 'relu5', student: 'relu3', adapter: 'conv1x1' as const }];
    const losses: LossDraft[] = [
      { method: 'task', weight: null, pairs: null, index: 0 },
      { method: 'cwd', weight: 0.2, pairs, index: 1 },
    ];
    const page = await open({ ...shapes, subject: { ...shapes.subject, recipe: { name: 'mine', losses } } });
    expect(await page.locator('.title').innerText()).toBe('mine');
    await eventually(linked).toEqual(['relu5 ↔ relu3']);
    await page.getByRole('spinbutton', { name: /Weight of Channel-wise/ }).fill('0.5');
    await page.getByRole('button', { name: 'Update recipe' }).click();
    await eventually(async () => written[0]).toEqual([losses[0], { ...losses[1], weight: 0.5 }]);
    expect(await page.getByRole('button', { name: 'Choose another teacher' }).count()).toBe(0);
  });

  it('keeps what was changed across a reload', async () => {
    await open();
    await pairsReady();
    await focusOn('student', 'relu1');
    await opened.page.keyboard.press('ArrowLeft');
    await opened.page.keyboard.press('Delete');
    await eventually(linked).toEqual(['relu3 ↔ relu2', 'relu5 ↔ relu3']);
    const saved = await opened.saved();
    await opened.close();
    await open(shapes, {}, { saved });
    await eventually(linked).toEqual(['relu3 ↔ relu2', 'relu5 ↔ relu3']);
    await eventually(chosen).toEqual(['teacher relu1']);
  });

  it('shows one network alone, and says how to go on', async () => {
    const { student, methods } = shapes.subject;
    const subject = { key: 'alone', teacher: null, student, methods, recipe: null, data: null };
    const comparison = { ...shapes.comparison, teacher: null, ratios: null };
    const page = await open({ subject, comparison, proposal: shapes.proposal });
    expect(await page.locator('.side.layer').count()).toBe(student.layers.length);
    await page.getByRole('button', { name: 'Choose a teacher…' }).click();
    await eventually(async () => asked).toEqual(['choose teacher']);
    expect(await page.getByRole('button', { name: 'Write recipe' }).isVisible()).toBe(false);
  });

  it('says what went wrong, and tries again', async () => {
    let fails = true;
    const failure = {
      code: 'modelNotFound',
      message: 'There is no model at student.ts.',
      next: 'Look whether it was moved.',
    } as const;
    const page = await open(shapes, {
      open: async () => (fails ? { ok: false, failure } : { ok: true, value: shapes.subject }),
    });
    expect(await page.locator('.state-failed').innerText()).toContain('There is no model at student.ts.');
    fails = false;
    await page.getByRole('button', { name: 'Try again' }).click();
    await side('student', 'conv1').waitFor();
    await opened.call.outdated('student.ts');
    expect(await page.locator('.notice').innerText()).toContain('student.ts has changed');
  });

  it.each([
    ['dark', 'shapes', 1280, 800],
    ['light', 'shapes', 500, 800],
    ['contrast', 'resnet', 1100, 800],
    ['light', 'resnet', 1400, 900],
    ['dark', 'shapes', 760, 900],
  ] as const)('looks as it should in %s with %s at %i by %i', async (theme, name, width, height) => {
    const page = await open(knownNetworks(name), {}, { theme, width, height });
    await pairsReady();
    expect(
      await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth),
    ).toBeLessThanOrEqual(0);
    await opened.screenshot(`layers-${name}-${theme}-${width}`);
    await page.locator('.pair-head').last().click();
    await opened.screenshot(`layers-${name}-${theme}-${width}-pair`);
  });

  it('stays small', async () => {
    await open();
    const size = await pageSize('layers.js');
    console.log(`layers.js: ${Math.round(size / 1000)} kB`);
    expect(size).toBeLessThan(450_000);
  });
});
