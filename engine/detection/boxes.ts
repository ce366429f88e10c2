/** A rectangle as shares of the picture's height and width. */
export interface Box {
  top: number;
  left: number;
  bottom: number;
  right: number;
}

/** A box that a network found. */
export interface Detection extends Box {
  label: number;
  /** 0 to 1. */
  score: number;
}

const area = ({ top, left, bottom, right }: Box): number =>
  Math.max(0, bottom - top) * Math.max(0, right - left);

/** Area of the intersection over that of the union, 0 to 1. */
export const overlap = (one: Box, other: Box): number => {
  const both = area({
    top: Math.max(one.top, other.top),
    left: Math.max(one.left, other.left),
    bottom: Math.min(one.bottom, other.bottom),
    right: Math.min(one.right, other.right),
  });
  const union = area(one) + area(other) - both;
  return union > 0 ? both / union : 0;
};
