export { escapeHtml } from '../plugins/reports/render/escape.ts';
import { escapeHtml } from '../plugins/reports/render/escape.ts';

/** The name that kernels of JavaScript look for. */
export const DISPLAY = Symbol.for('Jupyter.display');

export type MimeBundle = Readonly<Record<string, unknown>>;
export interface Displayable {
  [DISPLAY](): MimeBundle;
}

/** Gives a value a look without changing what it is. */
export function shownAs<T extends object>(value: T, show: () => MimeBundle): T & Displayable {
  Object.defineProperty(value, DISPLAY, { value: show, enumerable: false, configurable: true });
  return value as T & Displayable;
}

/** Text in a cell that is HTML: html`<b>${name}</b>`. What is put in is escaped, unless it is such a text itself. */
export function html(strings: TemplateStringsArray, ...values: readonly unknown[]): Displayable & { readonly html: string } {
  const text = strings.reduce((made, part, index) => {
    const value = index === 0 ? '' : values[index - 1];
    const isHtml = typeof value === 'object' && value !== null && 'html' in value;
    return made + (index === 0 ? '' : isHtml ? String(value.html) : escapeHtml(String(value))) + part;
  }, '');
  return shownAs({ html: text }, () => ({ 'text/html': text, 'text/plain': text.replaceAll(/<[^>]*>/gu, '') }));
}

/** A number and its unit stay on one line: `88.1 %`, `5 days`. */
export const unbroken = (text: string): string =>
  text.replaceAll(/(\d) (?=(?:%|[KMGTP]?i?B(?:\/s)?|m?s|min|h|days?|vCPUs?|CPUs?|points)(?![\p{L}\d]))/gu, '$1\u00A0');
