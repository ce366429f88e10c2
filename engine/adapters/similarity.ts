/** Inner products of the samples of one batch: [n, n], row after row. */
export type Gram = Float32Array | Float64Array;

/** Sum of all elements, sums of the rows and their products, with the diagonal taken as zero. */
const rowSums = (gram: Gram, size: number): Float64Array => {
  const sums = new Float64Array(size);
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++)
      if (row !== column) sums[row] = (sums[row] as number) + (gram[row * size + column] as number);
  return sums;
};

const total = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);

/**
 * The unbiased estimate of the Hilbert-Schmidt independence criterion of two Gram matrices of the same `size` samples,
 * at least 4. Source: Song et al., Feature Selection via Dependence Maximization (JMLR 2012), equation 5.
 */
export const unbiasedHsic = (one: Gram, other: Gram, size: number): number => {
  const [rows, otherRows] = [rowSums(one, size), rowSums(other, size)];
  let trace = 0;
  for (let row = 0; row < size; row++)
    for (let column = 0; column < row; column++) {
      const at = row * size + column;
      trace += 2 * (one[at] as number) * (other[at] as number);
    }
  const crossed = rows.reduce((sum, value, row) => sum + value * (otherRows[row] as number), 0);
  const product = total(rows) * total(otherRows);
  return (trace + product / ((size - 1) * (size - 2)) - (2 * crossed) / (size - 2)) / (size * (size - 3));
};

/**
 * Linear centred kernel alignment of every tap of a teacher with every tap of a student, in its minibatch form: the
 * unbiased HSIC is averaged over batches before the quotient is taken. 1 for taps that are equal up to rotation and
 * scale, about 0 for independent ones.
 * Source: Nguyen, Raghu and Kornblith, Do Wide and Deep Networks Learn the Same Things? (ICLR 2021), equations 2 to 4.
 */
export class MinibatchCka {
  private readonly cross: Float64Array[];
  private readonly ofTeacher: Float64Array;
  private readonly ofStudent: Float64Array;

  constructor(teachers: number, students: number) {
    this.cross = Array.from({ length: teachers }, () => new Float64Array(students));
    this.ofTeacher = new Float64Array(teachers);
    this.ofStudent = new Float64Array(students);
  }

  /** Takes one batch of `size` samples in: the Gram matrices of all taps of both. */
  add(teacher: readonly Gram[], student: readonly Gram[], size: number): void {
    const addTo = (sums: Float64Array | undefined, at: number, one: Gram, other: Gram): void => {
      if (sums) sums[at] = (sums[at] as number) + unbiasedHsic(one, other, size);
    };
    teacher.forEach((gram, row) => addTo(this.ofTeacher, row, gram, gram));
    student.forEach((gram, column) => addTo(this.ofStudent, column, gram, gram));
    teacher.forEach((one, row) =>
      student.forEach((other, column) => addTo(this.cross[row], column, one, other)),
    );
  }

  /** [teachers][students], from 0 to 1; null where one of the two does not vary. */
  similarity(): (number | null)[][] {
    return this.cross.map((row, teacher) =>
      Array.from(row, (value, student) => {
        const square = (this.ofTeacher[teacher] as number) * (this.ofStudent[student] as number);
        if (!(square > 0)) return null;
        return Math.min(1, Math.max(0, value / Math.sqrt(square)));
      }),
    );
  }
}
