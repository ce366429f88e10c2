/** Lower triangle L of a symmetric positive matrix [size, size] = L·Lᵀ, in place. */
const cholesky = (matrix: Float64Array, size: number): void => {
  for (let row = 0; row < size; row++) {
    for (let column = 0; column <= row; column++) {
      let sum = matrix[row * size + column] as number;
      for (let k = 0; k < column; k++)
        sum -= (matrix[row * size + k] as number) * (matrix[column * size + k] as number);
      matrix[row * size + column] =
        row === column ? Math.sqrt(Math.max(sum, 1e-12)) : sum / (matrix[column * size + column] as number);
    }
  }
};

/** Solves matrix · x = right for `columns` right sides [size, columns]; both are overwritten, x is `right`. */
export const solvePositive = (
  matrix: Float64Array,
  size: number,
  right: Float64Array,
  columns: number,
): Float64Array => {
  cholesky(matrix, size);
  const at = (row: number, column: number): number => matrix[row * size + column] as number;
  for (let which = 0; which < columns; which++) {
    for (let row = 0; row < size; row++) {
      let sum = right[row * columns + which] as number;
      for (let k = 0; k < row; k++) sum -= at(row, k) * (right[k * columns + which] as number);
      right[row * columns + which] = sum / at(row, row);
    }
    for (let row = size - 1; row >= 0; row--) {
      let sum = right[row * columns + which] as number;
      for (let k = row + 1; k < size; k++) sum -= at(k, row) * (right[k * columns + which] as number);
      right[row * columns + which] = sum / at(row, row);
    }
  }
  return right;
};
