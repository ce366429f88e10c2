/** 256 colours as little-endian RGBA, ready for an ImageData's 32-bit view. */
export type ColourMap = Uint32Array;

export type ColourMapName = 'perceptual' | 'grey';

interface Stop {
  lightness: number;
  chroma: number;
  /** Degrees. */
  hue: number;
}

/**
 * Evenly rising lightness in OKLab, so that equal steps in value look equal and survive a loss of colour; the hue
 * goes from violet over blue and green to yellow.
 */
const perceptualStops: readonly Stop[] = [
  { lightness: 0.24, chroma: 0.12, hue: 305 },
  { lightness: 0.41, chroma: 0.12, hue: 275 },
  { lightness: 0.58, chroma: 0.09, hue: 215 },
  { lightness: 0.75, chroma: 0.15, hue: 155 },
  { lightness: 0.93, chroma: 0.19, hue: 108 },
];

const greyStops: readonly Stop[] = [
  { lightness: 0.12, chroma: 0, hue: 0 },
  { lightness: 1, chroma: 0, hue: 0 },
];

export const colourMap = (name: ColourMapName): ColourMap => {
  const stops = name === 'grey' ? greyStops : perceptualStops;
  return Uint32Array.from({ length: 256 }, (_, index) => packed(between(stops, index / 255)));
};

type Lab = readonly [number, number, number];

const between = (stops: readonly Stop[], share: number): Lab => {
  const place = share * (stops.length - 1);
  const index = Math.min(Math.floor(place), stops.length - 2);
  const [from, to] = [toLab(stops[index]), toLab(stops[index + 1])];
  const mix = place - index;
  return [0, 1, 2].map((axis) => at(from, axis) + (at(to, axis) - at(from, axis)) * mix) as unknown as Lab;
};

const at = (values: readonly number[], index: number): number => values[index] ?? 0;

const toLab = (stop: Stop | undefined): Lab => {
  const { lightness, chroma, hue } = stop ?? { lightness: 0, chroma: 0, hue: 0 };
  const angle = (hue * Math.PI) / 180;
  return [lightness, chroma * Math.cos(angle), chroma * Math.sin(angle)];
};

/** OKLab (Ottosson 2020) to sRGB bytes, opaque. */
const packed = ([lightness, a, b]: Lab): number => {
  const long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const short = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const red = byte(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short);
  const green = byte(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short);
  const blue = byte(-0.0041960863 * long - 0.7034186147 * medium + 1.707614701 * short);
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
};

const byte = (linear: number): number => {
  const clipped = Math.min(Math.max(linear, 0), 1);
  const encoded = clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * clipped ** (1 / 2.4) - 0.055;
  return Math.round(encoded * 255);
};
