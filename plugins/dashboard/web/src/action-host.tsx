import { useState, type ReactNode } from 'react';
import { ActionDialog } from './action-dialog.tsx';
import { OpenAction, type Opening } from './open-action.ts';

/** Holds the dialog that `useOpenAction` opens. */
export function ActionHost({ children }: { readonly children: ReactNode }) {
  const [opening, setOpening] = useState<Opening | null>(null);
  return (
    <OpenAction value={setOpening}>
      {children}
      {opening !== null && <ActionDialog action={opening.action} given={opening.given} onClosed={() => setOpening(null)} />}
    </OpenAction>
  );
}
