// Draws one small picture: a shape on a gradient, among strokes and dots, with noise. Everything comes from `random`.

/** Width and height of every picture, in pixels. */
export const side = 32;

const regular = (corners, inner = 1) =>
  Array.from({ length: corners }, (_, index) => {
    const angle = (2 * Math.PI * index) / corners;
    const radius = index % 2 === 1 ? inner : 1;
    return [radius * Math.sin(angle), -radius * Math.cos(angle)];
  });

const cross = [
  [-0.32, -1],
  [0.32, -1],
  [0.32, -0.32],
  [1, -0.32],
  [1, 0.32],
  [0.32, 0.32],
  [0.32, 1],
  [-0.32, 1],
  [-0.32, 0.32],
  [-1, 0.32],
  [-1, -0.32],
  [-0.32, -0.32],
];

/** Signed distance from (x, y) to the polygon's edge, negative inside. */
const toPolygon = (points) => (x, y) => {
  let nearest = Infinity;
  let inside = false;
  for (let index = 0; index < points.length; index++) {
    const [ax, ay] = points[index];
    const [bx, by] = points[(index + 1) % points.length];
    const [ex, ey] = [bx - ax, by - ay];
    const along = Math.min(1, Math.max(0, ((x - ax) * ex + (y - ay) * ey) / (ex * ex + ey * ey)));
    nearest = Math.min(nearest, Math.hypot(x - ax - along * ex, y - ay - along * ey));
    if (ay > y !== by > y && x < ax + ((y - ay) / ey) * ex) inside = !inside;
  }
  return inside ? -nearest : nearest;
};

/** Signed distance to each shape of radius 1 around the origin. */
export const shapes = {
  circle: (x, y) => Math.hypot(x, y) - 0.95,
  cross: toPolygon(cross),
  ring: (x, y) => Math.abs(Math.hypot(x, y) - 0.75) - 0.22,
  square: toPolygon(regular(4)),
  star: toPolygon(regular(10, 0.5)),
  triangle: toPolygon(regular(3)),
};

const between = (random, low, high) => low + (high - low) * random();

/** A colour with every channel between `low` and `high`. */
const colour = (random, low, high) => [0, 1, 2].map(() => between(random, low, high));
const brightness = ([red, green, blue]) => 0.3 * red + 0.59 * green + 0.11 * blue;

/** A colour that is brighter than `other` by at least `contrast`. */
const brighterThan = (random, other, contrast) => {
  for (;;) {
    const candidate = colour(random, 60, 255);
    if (brightness(candidate) > brightness(other) + contrast) return candidate;
  }
};

/** Mixes `paint` into the pixels that `distance` (in pixels, negative inside) covers; edges are smooth. */
const fill = (pixels, distance, paint, covered) => {
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const coverage = Math.min(1, Math.max(0, 0.5 - distance(column + 0.5, row + 0.5)));
      if (coverage === 0) continue;
      const pixel = row * side + column;
      covered(pixel, coverage);
      paint(column, row).forEach((value, channel) => {
        pixels[pixel * 3 + channel] += coverage * (value - pixels[pixel * 3 + channel]);
      });
    }
  }
};

const gradient = (random, one, other) => {
  const angle = between(random, 0, 2 * Math.PI);
  const [dx, dy] = [Math.cos(angle) / side, Math.sin(angle) / side];
  return (column, row) => {
    const along = 0.5 + (column - side / 2) * dx + (row - side / 2) * dy;
    return one.map((value, channel) => value + along * (other[channel] - value));
  };
};

/** Distance to a stroke of random place, length and width. */
const stroke = (random) => {
  const [ax, ay] = [between(random, 0, side), between(random, 0, side)];
  const angle = between(random, 0, 2 * Math.PI);
  const length = between(random, 3, 14);
  const width = between(random, 0.5, 1.2);
  const [ex, ey] = [length * Math.cos(angle), length * Math.sin(angle)];
  return (x, y) => {
    const along = Math.min(1, Math.max(0, ((x - ax) * ex + (y - ay) * ey) / (length * length)));
    return Math.hypot(x - ax - along * ex, y - ay - along * ey) - width;
  };
};

/** Places a shape of radius 1: somewhere near the middle, turned, and a little stretched. */
const placed = (random, unit) => {
  const radius = between(random, 6.5, 11.5);
  const [x0, y0] = [0, 1].map(() => side / 2 + between(random, -1, 1) * (side / 2 - radius - 1));
  const angle = between(random, 0, 2 * Math.PI);
  const stretch = between(random, 0.85, 1.18);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const distance = (x, y) => {
    const [u, v] = [(x - x0) / radius, (y - y0) / radius];
    return radius * unit((cos * u + sin * v) / stretch, (cos * v - sin * u) * stretch);
  };
  return { distance, angle: (angle * 180) / Math.PI };
};

const normal = (random) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/**
 * One picture of the shape `name`. `rgb`: side * side * 3 bytes; `mask`: side * side bytes, 255 where the shape is
 * seen; `area`: pixels of the mask; `angle`: degrees, clockwise.
 */
export const drawPicture = (random, name) => {
  const pixels = new Float32Array(side * side * 3);
  const mask = new Uint8Array(side * side);
  const ground = colour(random, 0, 120);
  const horizon = colour(random, 0, 120);
  const strokes = (count) => {
    for (let index = 0; index < count; index++) {
      const ink = colour(random, 20, 200);
      const hide = (pixel, coverage) => coverage > 0.5 && (mask[pixel] = 0);
      fill(pixels, stroke(random), () => ink, hide);
    }
  };
  fill(
    pixels,
    () => -1,
    gradient(random, ground, horizon),
    () => {},
  );
  strokes(2 + Math.floor(3 * random()));
  const { distance, angle } = placed(random, shapes[name]);
  const one = brighterThan(random, ground, 50);
  const other = one.map((value) => value + between(random, -40, 40));
  fill(pixels, distance, gradient(random, one, other), (pixel, coverage) => {
    if (coverage > 0.5) mask[pixel] = 255;
  });
  strokes(Math.floor(2 * random()));
  const noise = between(random, 4, 16);
  const rgb = Uint8Array.from(pixels, (value) =>
    Math.min(255, Math.max(0, Math.round(value + noise * normal(random)))),
  );
  return { rgb, mask, area: mask.filter((value) => value > 0).length, angle };
};
