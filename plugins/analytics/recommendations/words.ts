import { formatValue } from '../../charts/port.ts';

/** `1 vCPU`, `1.4 vCPUs`. */
export function countText(count: number, noun: string): string {
  const figure = formatValue(count, 'count');
  return `${figure} ${noun}${figure === '1' ? '' : 's'}`;
}
