import { createContext, useContext } from 'react';
import type { Interaction, PageState } from '../protocol.ts';

/** Who looks at the page, and what everything below may need of it. */
export interface Viewer {
  readonly user: string;
  readonly state: PageState;
  /** Runs an interaction and says what went wrong with it, in Slack's words. */
  run(work: () => Promise<Interaction>): Promise<Interaction>;
}

export const ViewerContext = createContext<Viewer | null>(null);

export function useViewer(): Viewer {
  const viewer = useContext(ViewerContext);
  if (!viewer) throw new Error('This part of the page stands outside of the workspace.');
  return viewer;
}
