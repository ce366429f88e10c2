/** Costs of giving a column to a row: row after row, [rows, columns]. */
export interface CostMatrix {
  rows: number;
  columns: number;
  values: Float64Array | Float32Array;
}

/** What one search for a free column has found so far. */
class Search {
  /** Of each column: the least reduced cost of a path to it, and the row before it on that path. */
  readonly distance: Float64Array;
  readonly before: Int32Array;
  /** Columns whose path is final, in the order in which they were reached, then the others. */
  private readonly order: Int32Array;
  private reached = 0;

  constructor(private readonly columns: number) {
    this.distance = new Float64Array(columns);
    this.before = new Int32Array(columns);
    this.order = Int32Array.from({ length: columns }, (_, column) => column);
  }

  begin(): void {
    this.distance.fill(Infinity);
    this.reached = 0;
  }

  done(): Int32Array {
    return this.order.subarray(0, this.reached);
  }

  /** Extends all paths over `row`, which was reached at `length`; gives the nearest column that is not reached yet. */
  extend(row: number, length: number, cost: (column: number) => number): number {
    const { distance, before, order } = this;
    let nearest = this.reached;
    for (let at = this.reached; at < this.columns; at++) {
      const column = order[at] as number;
      const through = length + cost(column);
      if (through < (distance[column] as number)) {
        distance[column] = through;
        before[column] = row;
      }
      if ((distance[column] as number) < (distance[order[nearest] as number] as number)) nearest = at;
    }
    const column = order[nearest] as number;
    order[nearest] = order[this.reached] as number;
    order[this.reached] = column;
    this.reached += 1;
    return column;
  }
}

/** Rows no more than columns: every row gets its own column. */
const assignRows = ({ rows, columns, values }: CostMatrix): Int32Array => {
  const columnOf = new Int32Array(rows).fill(-1);
  const rowOf = new Int32Array(columns).fill(-1);
  const rowPrice = new Float64Array(rows);
  const columnPrice = new Float64Array(columns);
  const search = new Search(columns);
  for (let start = 0; start < rows; start++) {
    search.begin();
    let [row, length, column] = [start, 0, -1];
    do {
      const [from, price] = [row * columns, rowPrice[row] as number];
      column = search.extend(
        row,
        length,
        (to) => (values[from + to] as number) - price - (columnPrice[to] as number),
      );
      length = search.distance[column] as number;
      row = rowOf[column] as number;
    } while (row >= 0);
    rowPrice[start] = (rowPrice[start] as number) + length;
    for (const passed of search.done()) {
      const slack = length - (search.distance[passed] as number);
      columnPrice[passed] = (columnPrice[passed] as number) - slack;
      const owner = rowOf[passed] as number;
      if (owner >= 0) rowPrice[owner] = (rowPrice[owner] as number) + slack;
    }
    for (let free = column; ;) {
      const owner = search.before[free] as number;
      rowOf[free] = owner;
      const next = columnOf[owner] as number;
      columnOf[owner] = free;
      if (owner === start) break;
      free = next;
    }
  }
  return columnOf;
};

const transposed = ({ rows, columns, values }: CostMatrix): CostMatrix => {
  const turned = new Float64Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      turned[column * rows + row] = values[row * columns + column] as number;
  return { rows: columns, columns: rows, values: turned };
};

/**
 * The linear assignment problem: gives every row a column of its own so that the sum of their costs is least. Of more
 * rows than columns, some are left without one.
 * Shortest augmenting paths with prices, O(rows² · columns), after Jonker and Volgenant (Computing 38, 1987) in the form
 * of Crouse (IEEE Transactions on Aerospace and Electronic Systems 52, 2016). Costs must be finite.
 * @returns the column of each row, -1 for none
 */
export const solveAssignment = (costs: CostMatrix): Int32Array => {
  if (costs.rows <= costs.columns) return assignRows(costs);
  const rowOf = assignRows(transposed(costs));
  const columnOf = new Int32Array(costs.rows).fill(-1);
  rowOf.forEach((row, column) => (columnOf[row] = column));
  return columnOf;
};
