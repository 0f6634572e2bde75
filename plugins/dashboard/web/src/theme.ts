export type Theme = 'auto' | 'light' | 'dark';

const KEY = 'novacron-theme';
export const THEMES: readonly Theme[] = ['auto', 'light', 'dark'];

export function readTheme(): Theme {
  const saved = window.localStorage.getItem(KEY);
  return THEMES.find((theme) => theme === saved) ?? 'auto';
}

/** `auto` follows the system. Charts are drawn anew on the event. */
export function applyTheme(theme: Theme): void {
  if (theme === 'auto') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
  window.localStorage.setItem(KEY, theme);
  window.dispatchEvent(new Event('themechange'));
}
