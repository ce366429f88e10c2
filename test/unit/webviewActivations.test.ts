import { describe, expect, it } from 'vitest';
import type { Sheet } from '../../engine/contract/sheet';
import { colourMap } from '../../webview/activations/colourMap';
import { isOutdated } from '../../webview/activations/freshness';
import { firstSelection, select, shownTap, tapsOf } from '../../webview/activations/layerModel';
import { NewestRequest } from '../../webview/activations/newestRequest';
import {
  channelOrder,
  channelShades,
  energy,
  layoutTiles,
  paintTiles,
  sharedRange,
  tileAt,
  tileCorner,
  valueAt,
} from '../../webview/activations/tiles';
import { fakeRun } from '../webview/runs';
import { fakeModels } from '../webview/sheets';

/** Three channels of 1 by 2: rising over [0, 1], over [0, 10], and one without a number. */
const sheet: Sheet = {
  network: 'student',
  tap: 'conv1',
  view: 'values',
  height: 1,
  width: 2,
  channels: 3,
  min: Float32Array.of(0, 0, NaN),
  max: Float32Array.of(1, 10, NaN),
  data: Uint8Array.of(0, 255, 0, 255, 0, 0),
  checkpoint: 7,
};

describe('colourMap', () => {
  const lightness = (colour: number) =>
    0.2126 * ((colour & 255) / 255) ** 2.2 +
    0.7152 * (((colour >> 8) & 255) / 255) ** 2.2 +
    0.0722 * (((colour >> 16) & 255) / 255) ** 2.2;

  it.each(['perceptual', 'grey'] as const)('%s grows lighter from end to end and is opaque', (name) => {
    const colours = colourMap(name);
    expect(colours).toHaveLength(256);
    for (let index = 8; index < 256; index += 8)
      expect(lightness(colours[index] ?? 0)).toBeGreaterThan(lightness(colours[index - 8] ?? 0));
    expect(colours.every((colour) => colour >>> 24 === 255)).toBe(true);
  });

  it('is grey where it says so', () => {
    for (const colour of colourMap('grey')) {
      expect(Math.abs((colour & 255) - ((colour >> 8) & 255))).toBeLessThanOrEqual(1);
      expect(Math.abs((colour & 255) - ((colour >> 16) & 255))).toBeLessThanOrEqual(1);
    }
  });
});

describe('tiles', () => {
  it('enlarges by whole factors and fills the rows', () => {
    const layout = layoutTiles({ height: 14, width: 14, channels: 64 }, 337);
    expect(layout).toMatchObject({ scaleX: 4, scaleY: 4, tileWidth: 56, columns: 5, rows: 13 });
    expect(layoutTiles({ height: 1, width: 1, channels: 10 }, 400).tileWidth).toBe(24);
    expect(layoutTiles({ height: 1, width: 49, channels: 3 }, 400).tileHeight).toBe(12);
    expect(layoutTiles({ height: 224, width: 224, channels: 64 }, 100).columns).toBe(1);
  });

  it('finds the tile under every one of its pixels, and none between', () => {
    const layout = layoutTiles({ height: 7, width: 7, channels: 20 }, 300);
    for (let place = 0; place < 20; place++) {
      const { x, y } = tileCorner(layout, place);
      expect(tileAt(layout, x, y, 20)).toBe(place);
      expect(tileAt(layout, x + layout.tileWidth - 1, y + layout.tileHeight - 1, 20)).toBe(place);
      expect(tileAt(layout, x + layout.tileWidth, y, 20)).toBeNull();
    }
    expect(tileAt(layout, -1, 0, 20)).toBeNull();
    expect(tileAt(layout, 0, layout.height + 100, 20)).toBeNull();
  });

  it('reads values back, with energies and the range of all', () => {
    expect(valueAt(sheet, 1, 1)).toBe(10);
    expect([energy(sheet, 0), energy(sheet, 1), energy(sheet, 2)]).toEqual([0.5, 50, 0]);
    expect(sharedRange(sheet)).toEqual([0, 10]);
    expect(sharedRange({ min: Float32Array.of(NaN), max: Float32Array.of(NaN) })).toBeNull();
    expect(channelOrder(sheet, 'energy')).toEqual([1, 0, 2]);
    expect(channelOrder(sheet, 'index')).toEqual([0, 1, 2]);
  });

  it('shades a channel by its own range or by that of all', () => {
    expect(channelShades(sheet, 0, 'channel')?.[255]).toBe(255);
    expect(channelShades(sheet, 0, 'shared')?.[255]).toBe(Math.round(25.5));
    expect(channelShades(sheet, 1, 'shared')?.[255]).toBe(255);
    expect(channelShades(sheet, 2, 'shared')).toBeNull();
  });

  it('tells the numbers of a vector apart whichever scale is asked for', () => {
    const values = Float32Array.of(-1, 1, 3);
    const vector = { ...sheet, width: 1, min: values, max: values, data: new Uint8Array(3) };
    const shades = [0, 1, 2].map((channel) => channelShades(vector, channel, 'channel')?.[0]);
    expect(shades).toEqual([0, 128, 255]);
  });

  it('paints every position with the colour of its value and nothing where there is none', () => {
    const colours = colourMap('perceptual');
    const layout = layoutTiles(sheet, 400);
    const painted = paintTiles(sheet, layout, [1, 0, 2], colours, 'shared');
    const pixels = new Uint32Array(painted.buffer);
    const pixel = (place: number, column: number) => {
      const { x, y } = tileCorner(layout, place);
      return pixels[(y + layout.tileHeight - 1) * layout.width + x + column * layout.scaleX];
    };
    expect([pixel(0, 0), pixel(0, 1)]).toEqual([colours[0], colours[255]]);
    expect([pixel(1, 0), pixel(1, 1)]).toEqual([colours[0], colours[26]]);
    expect(pixel(2, 0)).toBe(0);
  });
});

describe('NewestRequest', () => {
  const deferred = () => {
    const asked: { question: number; answer: () => void; fail: () => void }[] = [];
    const heard: string[] = [];
    const requests = new NewestRequest<number, string>(
      (question) =>
        new Promise((resolve, reject) =>
          asked.push({
            question,
            answer: () => resolve(`a${question}`),
            fail: () => reject(new Error('no')),
          }),
        ),
      (answer) => heard.push(answer),
      (_error, question) => heard.push(`failed ${question}`),
    );
    return { asked, heard, requests };
  };
  const settle = () => new Promise((resolve) => setTimeout(resolve));

  it('asks one at a time, and then the newest', async () => {
    const { asked, heard, requests } = deferred();
    for (const question of [1, 2, 3]) requests.request(question);
    expect(asked.map((one) => one.question)).toEqual([1]);
    asked[0]?.answer();
    await settle();
    expect(asked.map((one) => one.question)).toEqual([1, 3]);
    asked[1]?.answer();
    await settle();
    expect(heard).toEqual(['a3']);
  });

  it('tells of a failure and goes on', async () => {
    const { asked, heard, requests } = deferred();
    requests.request(1);
    asked[0]?.fail();
    await settle();
    requests.request(2);
    asked[1]?.answer();
    await settle();
    expect(heard).toEqual(['failed 1', 'a2']);
  });

  it('forgets an answer that is no longer wanted', async () => {
    const { asked, heard, requests } = deferred();
    requests.request(1);
    requests.cancel();
    asked[0]?.answer();
    await settle();
    expect(heard).toEqual([]);
  });
});

describe('layerModel', () => {
  const models = fakeModels();

  it('starts with the first matched pair and finds partners from either side', () => {
    expect(firstSelection(models)).toEqual({ network: 'student', tap: 'relu2', partner: 'relu4' });
    expect(select(models, 'teacher', 'relu5')).toEqual({
      network: 'teacher',
      tap: 'relu5',
      partner: 'relu3',
    });
    expect(select(models, 'teacher', 'conv1')?.partner).toBeNull();
    expect(select(models, 'student', 'conv9')).toBeNull();
  });

  it('starts with the last map of a student that is matched with nothing', () => {
    const alone = { ...models, teacher: null, pairs: [] };
    expect(firstSelection(alone)).toEqual({ network: 'student', tap: 'relu3', partner: null });
    expect(select(alone, 'teacher', 'conv1')).toBeNull();
    expect(tapsOf(alone, 'teacher')).toEqual([]);
  });

  it('knows shapes, methods and where code is', () => {
    const taps = tapsOf(models, 'student');
    expect(taps.find((tap) => tap.name === 'relu3')).toEqual({
      name: 'relu3',
      kind: 'ReLU',
      shape: [7, 7, 32],
      methods: ['fitnets'],
      hasCode: true,
    });
    expect(taps.at(-1)).toMatchObject({ name: 'logits', shape: [10], hasCode: false });
    expect(shownTap({ network: 'student', tap: 'a', partner: 'b' }, 'teacher')).toBe('b');
  });
});

describe('Freshness', () => {
  const { state } = fakeRun({ points: 20 });

  it('is outdated with the next checkpoint or another status, not with every step', () => {
    expect(isOutdated(state, { ...state, totalStep: state.totalStep + 50 })).toBe(false);
    expect(isOutdated(state, { ...state, checkpoint: (state.checkpoint ?? 0) + 100 })).toBe(true);
    expect(isOutdated(state, { ...state, status: 'done' })).toBe(true);
  });
});
