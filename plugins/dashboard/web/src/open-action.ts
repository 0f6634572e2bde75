import type { ActionDescription, Json } from 'novacron/plugin';
import { createContext, useContext } from 'react';

/** An action to be opened, with what is known of its input. */
export interface Opening {
  readonly action: ActionDescription;
  readonly given: { readonly [field: string]: Json };
}

/** Opens the dialog of an action over whatever is shown. The dialog belongs to the page, since what was done may take its button away. */
export const OpenAction = createContext<(opening: Opening) => void>(() => undefined);
export const useOpenAction = (): ((opening: Opening) => void) => useContext(OpenAction);
