import type { Sheet } from '../../engine/contract/sheet';
import type { ColourMap } from './colourMap';

/** Whether one range serves all channels, so that they compare, or each has its own, so that each shows. */
export type Scaling = 'shared' | 'channel';
export type Sorting = 'index' | 'energy';

/** Where the tiles of a sheet lie, in pixels. */
export interface TileLayout {
  columns: number;
  rows: number;
  /** Pixels for one position of a map, along its rows and down its columns. */
  scaleX: number;
  scaleY: number;
  tileWidth: number;
  tileHeight: number;
  width: number;
  height: number;
}

const gap = 4;
const wantedTile = 56;
const vectorTile = 24;
/** Of sequences, whose maps are one position high. */
const leastTile = 12;

/** As many tiles in a row as `available` pixels hold; small maps are enlarged by a whole factor. */
export const layoutTiles = (
  sheet: Pick<Sheet, 'height' | 'width' | 'channels'>,
  available: number,
): TileLayout => {
  const side = Math.max(sheet.width, sheet.height);
  const scaleX = Math.max(1, Math.round((side === 1 ? vectorTile : wantedTile) / side));
  const scaleY = Math.max(scaleX, Math.ceil(leastTile / sheet.height));
  const tileWidth = sheet.width * scaleX;
  const tileHeight = sheet.height * scaleY;
  const columns = Math.min(sheet.channels, Math.max(1, Math.floor((available + gap) / (tileWidth + gap))));
  const rows = Math.ceil(sheet.channels / columns);
  return {
    columns,
    rows,
    scaleX,
    scaleY,
    tileWidth,
    tileHeight,
    width: columns * (tileWidth + gap) - gap,
    height: rows * (tileHeight + gap) - gap,
  };
};

/** The left upper corner of the tile at `place`. */
export const tileCorner = (layout: TileLayout, place: number): { x: number; y: number } => ({
  x: (place % layout.columns) * (layout.tileWidth + gap),
  y: Math.floor(place / layout.columns) * (layout.tileHeight + gap),
});

/** Which tile lies under a pixel; null between tiles and past the last one. */
export const tileAt = (layout: TileLayout, x: number, y: number, count: number): number | null => {
  const column = Math.floor(x / (layout.tileWidth + gap));
  const row = Math.floor(y / (layout.tileHeight + gap));
  const place = row * layout.columns + column;
  const isInside = x >= 0 && y >= 0 && column < layout.columns && place < count;
  const corner = tileCorner(layout, place);
  return isInside && x - corner.x < layout.tileWidth && y - corner.y < layout.tileHeight ? place : null;
};

/** The least and the greatest value of all channels that have one; null where none has. */
export const sharedRange = ({ min, max }: Pick<Sheet, 'min' | 'max'>): [number, number] | null => {
  const low = min.reduce((least, value) => (value < least ? value : least), Infinity);
  const high = max.reduce((greatest, value) => (value > greatest ? value : greatest), -Infinity);
  return low <= high ? [low, high] : null;
};

/** The value at a position of a channel. */
export const valueAt = (sheet: Sheet, channel: number, position: number): number => {
  const low = sheet.min[channel] ?? NaN;
  const high = sheet.max[channel] ?? NaN;
  const byte = sheet.data[channel * sheet.height * sheet.width + position] ?? 0;
  return low + ((high - low) * byte) / 255;
};

/** Mean of the squared values of a channel; 0 for one without values. */
export const energy = (sheet: Sheet, channel: number): number => {
  const positions = sheet.height * sheet.width;
  let sum = 0;
  for (let position = 0; position < positions; position++) sum += valueAt(sheet, channel, position) ** 2;
  return Number.isFinite(sum) ? sum / positions : 0;
};

/** Channels in the order in which they are shown. */
export const channelOrder = (sheet: Sheet, sorting: Sorting): number[] => {
  const channels = Array.from({ length: sheet.channels }, (_, channel) => channel);
  if (sorting === 'index') return channels;
  const energies = channels.map((channel) => energy(sheet, channel));
  return channels.sort((one, other) => (energies[other] ?? 0) - (energies[one] ?? 0));
};

/**
 * The entry of the colour map for each byte of a channel, [256]; null for a channel without values. A vector's
 * channels are single numbers: only a shared range tells them apart.
 */
export const channelShades = (sheet: Sheet, channel: number, scaling: Scaling): Uint8Array | null => {
  const low = sheet.min[channel] ?? NaN;
  const high = sheet.max[channel] ?? NaN;
  if (Number.isNaN(low)) return null;
  const isVector = sheet.height * sheet.width === 1;
  const range = scaling === 'shared' || isVector ? sharedRange(sheet) : [low, high];
  const [from, to] = range ?? [low, high];
  const span = (to ?? high) - (from ?? low);
  return Uint8Array.from({ length: 256 }, (_, byte) => {
    const value = low + ((high - low) * byte) / 255;
    return span > 0 ? Math.round((255 * (value - (from ?? low))) / span) : 0;
  });
};

/** Paints the tiles as RGBA, [layout.height, layout.width]; what is no tile stays transparent. */
export const paintTiles = (
  sheet: Sheet,
  layout: TileLayout,
  order: readonly number[],
  colours: ColourMap,
  scaling: Scaling,
): Uint8ClampedArray<ArrayBuffer> => {
  const pixels = new Uint32Array(layout.width * layout.height);
  for (const [place, channel] of order.entries()) {
    const shades = channelShades(sheet, channel, scaling);
    if (!shades) continue;
    const { x, y } = tileCorner(layout, place);
    paintChannel(sheet, channel, (byte) => colours[shades[byte] ?? 0] ?? 0, {
      pixels,
      stride: layout.width,
      start: y * layout.width + x,
      scaleX: layout.scaleX,
      scaleY: layout.scaleY,
    });
  }
  return new Uint8ClampedArray(pixels.buffer);
};

interface Target {
  pixels: Uint32Array;
  stride: number;
  start: number;
  scaleX: number;
  scaleY: number;
}

const paintChannel = (sheet: Sheet, channel: number, colour: (byte: number) => number, to: Target): void => {
  const { height, width } = sheet;
  const first = channel * height * width;
  for (let row = 0; row < height; row++) {
    const line = to.start + row * to.scaleY * to.stride;
    for (let column = 0; column < width; column++) {
      const shade = colour(sheet.data[first + row * width + column] ?? 0);
      const left = line + column * to.scaleX;
      to.pixels.fill(shade, left, left + to.scaleX);
    }
    for (let copy = 1; copy < to.scaleY; copy++)
      to.pixels.copyWithin(line + copy * to.stride, line, line + width * to.scaleX);
  }
};
