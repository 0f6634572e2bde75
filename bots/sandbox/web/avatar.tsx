import type { ReactNode } from 'react';
import type { Person } from '../protocol.ts';

const HUES: Readonly<Record<string, number>> = { admin: 8, operator: 210, viewer: 140, nova: 187 };

const hueOf = (name: string): number => HUES[name] ?? (((name.charCodeAt(0) || 0) * 7 + name.length) % 12) * 30;

/** A coloured tile with the first letter; the app has its sign. */
export function Avatar({ person, small = false }: { readonly person: Person | undefined; readonly small?: boolean }): ReactNode {
  const name = person?.name ?? '?';
  const style = { '--hue': hueOf(name) } as React.CSSProperties;
  return (
    <span className={small ? 'avatar small' : 'avatar'} style={style} aria-hidden="true">
      {person?.bot === true ? (
        <svg viewBox="0 0 32 32">
          <path d="M9 22V10l14 12V10" fill="none" stroke="currentColor" strokeWidth="3.4" strokeLinecap="round" strokeLinejoin="round" />
        </svg>
      ) : (
        (person?.displayName ?? '?').slice(0, 1).toUpperCase()
      )}
    </span>
  );
}
