/** Sums of products of rows: what least squares needs of any number of rows. Float64, since float32 loses the small differences. */
export interface Normal {
  readonly width: number;
  /** Row by row, `width` x `width`; only the lower triangle is kept. */
  readonly products: Float64Array;
  readonly targets: Float64Array;
  weight: number;
}

export const normalOfWidth = (width: number): Normal => ({
  width,
  products: new Float64Array(width * width),
  targets: new Float64Array(width),
  weight: 0,
});

/** Row number `row` of `rows`, its target `y`, and what it counts. */
export interface Row {
  readonly row: number;
  readonly y: number;
  readonly weight: number;
}

export function addRow(normal: Normal, rows: Float64Array, { row, y, weight }: Row): void {
  const { width, products, targets } = normal;
  const offset = row * width;
  for (let i = 0; i < width; i++) {
    const scaled = weight * (rows[offset + i] as number);
    if (scaled === 0) continue;
    targets[i] = (targets[i] as number) + scaled * y;
    const line = i * width;
    for (let j = 0; j <= i; j++) products[line + j] = (products[line + j] as number) + scaled * (rows[offset + j] as number);
  }
  normal.weight += weight;
}

/** The lower triangle L of a positive definite matrix, with `ridge` on its diagonal: L x L' = matrix. */
export function cholesky({ width, products }: Pick<Normal, 'width' | 'products'>, ridge: number): Float64Array {
  const lower = new Float64Array(width * width);
  for (let i = 0; i < width; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = (products[i * width + j] as number) + (i === j ? ridge : 0);
      for (let k = 0; k < j; k++) sum -= (lower[i * width + k] as number) * (lower[j * width + k] as number);
      lower[i * width + j] = i === j ? Math.sqrt(Math.max(sum, Number.EPSILON)) : sum / (lower[j * width + j] as number);
    }
  }
  return lower;
}

/** Solves L x L' x = right. */
export function solve(lower: Float64Array, right: Float64Array): Float64Array {
  const width = right.length;
  const x = Float64Array.from(right);
  for (let i = 0; i < width; i++) {
    let sum = x[i] as number;
    for (let k = 0; k < i; k++) sum -= (lower[i * width + k] as number) * (x[k] as number);
    x[i] = sum / (lower[i * width + i] as number);
  }
  for (let i = width - 1; i >= 0; i--) {
    let sum = x[i] as number;
    for (let k = i + 1; k < width; k++) sum -= (lower[k * width + i] as number) * (x[k] as number);
    x[i] = sum / (lower[i * width + i] as number);
  }
  return x;
}

/** Weights of the rows by ridge regression; `penalty` is per row, so that it means the same for any number of rows. */
export const ridgeOf = (normal: Normal, penalty: number): Float64Array => solve(cholesky(normal, penalty * normal.weight), normal.targets);
