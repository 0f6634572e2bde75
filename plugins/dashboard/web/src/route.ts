import { useSyncExternalStore, type MouseEvent } from 'react';
import { BOARDS, type Board } from './boards.ts';

export type Route =
  | { readonly is: 'vms' }
  | { readonly is: 'vm'; readonly id: string }
  | { readonly is: 'jobs' }
  | { readonly is: 'actions' }
  | { readonly is: 'board'; readonly board: Board }
  | { readonly is: 'thing'; readonly board: Board; readonly id: string }
  | { readonly is: 'nowhere' };

export function readRoute(pathname: string): Route {
  const [first = '', second, ...rest] = pathname.split('/').filter((part) => part !== '');
  if (rest.length > 0) return { is: 'nowhere' };
  if (first === '' || (first === 'vms' && second === undefined)) return { is: 'vms' };
  if (first === 'vms' && second !== undefined) return { is: 'vm', id: decode(second) };
  const board = BOARDS.find(({ path }) => path === first);
  if (board !== undefined && second === undefined) return { is: 'board', board };
  if (board?.show !== undefined && second !== undefined) return { is: 'thing', board, id: decode(second) };
  return (first === 'jobs' || first === 'actions') && second === undefined ? { is: first } : { is: 'nowhere' };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const subscribe = (listener: () => void): (() => void) => {
  window.addEventListener('popstate', listener);
  return () => window.removeEventListener('popstate', listener);
};

export const useRoute = (): Route => readRoute(useSyncExternalStore(subscribe, () => window.location.pathname));

export function go(path: string): void {
  window.history.pushState(null, '', path);
  window.dispatchEvent(new PopStateEvent('popstate'));
  window.scrollTo(0, 0);
}

/** For links within the page: a plain click stays on it, everything else is the browser's. */
export const linkTo = (path: string) => ({
  href: path,
  onClick: (event: MouseEvent) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(path);
  },
});

export const vmPath = (id: string): string => `/vms/${encodeURIComponent(id)}`;
