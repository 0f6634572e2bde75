/** A number as Prometheus writes it. */
export function formatValue(value: number): string {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}

/** The same with all digits written out: as Prometheus makes a label of a value. */
export function decimalOf(value: number): string {
  const text = formatValue(value);
  const [, sign = '', lead = '', rest = '', exponent] = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text) ?? [];
  if (exponent === undefined) return text;
  const digits = lead + rest;
  return Number(exponent) < 0 ? `${sign}0.${'0'.repeat(-Number(exponent) - 1)}${digits}` : sign + digits.padEnd(Number(exponent) + 1, '0');
}
