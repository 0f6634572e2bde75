import type { Gain } from './recommendation.ts';

/** Figures as sentences say them. */
const GIB = 2 ** 30;
const MIB = 2 ** 20;

export const bytesText = (bytes: number): string =>
  bytes >= GIB ? `${Number((bytes / GIB).toFixed(1))} GiB` : `${Math.round(bytes / MIB)} MiB`;

export const percentText = (ratio: number): string => `${Number((100 * ratio).toFixed(ratio < 0.1 ? 1 : 0))} %`;

export const countText = (count: number, noun: string): string => `${Number(count.toFixed(2))} ${noun}${count === 1 ? '' : 's'}`;

/** A figure of a gain in its unit. */
export const gainFigure = ({ unit }: Pick<Gain, 'unit'>, value: number): string =>
  unit === 'bytes' ? bytesText(value) : unit === 'ratio' ? percentText(value) : String(Number(value.toFixed(2)));
