import type { Change, ModalView, OpenView } from './protocol.ts';
import { withIds } from './workspace-messages.ts';

/** Modals are a stack for each person; the Home tab is one view for each. */
export interface Views {
  readonly views: ReadonlyMap<string, readonly OpenView[]>;
  readonly homes: ReadonlyMap<string, OpenView>;
  openView(user: string, view: ModalView, how: 'open' | 'push'): OpenView;
  replaceView(user: string, viewId: string, view: ModalView): OpenView | undefined;
  /** One view, or all of the person's. */
  closeViews(user: string, viewId?: string): void;
  findView(viewId: string): OpenView | undefined;
  publishHome(user: string, view: ModalView): OpenView;
}

export function createViews(deps: {
  readonly limits: { readonly viewsPerPersonMax: number };
  readonly say: (change: Change) => void;
}): Views {
  const views = new Map<string, readonly OpenView[]>();
  const homes = new Map<string, OpenView>();
  let count = 0;
  const fresh = (user: string, view: ModalView, id: string): OpenView => {
    count += 1;
    return { ...view, blocks: withIds(view.blocks), id, hash: `${count}.${id}`, user };
  };
  const setStack = (user: string, stack: readonly OpenView[]): void => {
    views.set(user, stack);
    deps.say({ is: 'views', user, views: stack });
  };
  return {
    views,
    homes,
    openView(user, view, how) {
      const opened = fresh(user, view, `V${String(count + 1).padStart(6, '0')}`);
      setStack(user, how === 'push' ? [...(views.get(user) ?? []), opened].slice(-deps.limits.viewsPerPersonMax) : [opened]);
      return opened;
    },
    replaceView(user, viewId, view) {
      const stack = views.get(user) ?? [];
      if (!stack.some((open) => open.id === viewId)) return undefined;
      const next = fresh(user, view, viewId);
      const replaced = stack.map((open) => (open.id === viewId ? next : open));
      setStack(user, replaced);
      return next;
    },
    closeViews(user, viewId) {
      const stack = views.get(user) ?? [];
      if (stack.length > 0) setStack(user, viewId === undefined ? [] : stack.filter((open) => open.id !== viewId));
    },
    findView: (viewId) =>
      [...views.values()].flat().find((view) => view.id === viewId) ?? [...homes.values()].find((view) => view.id === viewId),
    publishHome(user, view) {
      const home = fresh(user, view, `VHOME${user}`);
      homes.set(user, home);
      deps.say({ is: 'home', user, view: home });
      return home;
    },
  };
}
