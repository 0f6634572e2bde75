import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import { createAsk, Problem, redeemLink, refresh, setAccessToken, signOut, type Ask, type Session } from './api.ts';
import { SignIn } from './sign-in.tsx';

interface SessionTools {
  readonly session: Session;
  readonly ask: Ask;
  leave(): void;
}

const Context = createContext<SessionTools | null>(null);

export function useSession(): SessionTools {
  const tools = useContext(Context);
  if (tools === null) throw new Error('Used outside of a session.');
  return tools;
}

type State =
  | { readonly is: 'looking' }
  | { readonly is: 'out'; readonly message: string | null }
  | { readonly is: 'in'; readonly session: Session };

const RENEW_EARLY_MS = 60_000;

/** Shows the page to whoever is signed in, and the sign-in to everybody else. */
export function SessionGate({ children }: { readonly children: ReactNode }) {
  const [state, setState] = useState<State>({ is: 'looking' });
  const enter = useCallback((session: Session) => {
    setAccessToken(session.accessToken);
    setState({ is: 'in', session });
  }, []);
  const renew = useCallback(async () => {
    try {
      enter(await refresh());
    } catch (error) {
      if (error instanceof Problem && error.status === 401) setState({ is: 'out', message: null });
      throw error;
    }
  }, [enter]);
  useEffect(() => void begin(enter, setState), [enter]);
  useRenewal(state, renew);
  useLinkInOpenPage();

  const tools = useMemo(() => {
    if (state.is !== 'in') return null;
    const leave = (): void => {
      // Whether or not the hub hears it, this page forgets the token.
      void signOut()
        .catch(() => undefined)
        .finally(() => window.location.assign('/'));
    };
    return { session: state.session, ask: createAsk(renew), leave };
  }, [state, renew]);

  if (tools !== null) return <Context value={tools}>{children}</Context>;
  if (state.is === 'looking') return <div className="blank" role="status" aria-label="Loading" />;
  return <SignIn onSession={enter} message={state.is === 'out' ? state.message : null} />;
}

const TRY_AGAIN_MS = 5000;

/** The hub is away, or asks for patience: nothing is wrong with the sign-in. */
const isPassing = ({ status }: Problem): boolean => status === 0 || status === 429 || status >= 500;

let began: { readonly byLink: boolean; readonly session: Promise<Session> } | null = null;

/** Once per load of the page: a one-time link works once. */
async function begin(enter: (session: Session) => void, setState: (state: State) => void): Promise<void> {
  const own = (began ??= beginOnce());
  try {
    enter(await own.session);
  } catch (error) {
    const isSilent = !own.byLink && error instanceof Problem && error.status === 401;
    setState({ is: 'out', message: isSilent ? null : error instanceof Error ? error.message : String(error) });
    if (own.byLink || !(error instanceof Problem) || !isPassing(error)) return;
    // Whoever is signed in is let in as soon as the hub answers again.
    began = null;
    setTimeout(() => void begin(enter, setState), TRY_AGAIN_MS);
  }
}

function beginOnce(): NonNullable<typeof began> {
  const code = /^#link=(.+)$/u.exec(window.location.hash)?.[1];
  if (code === undefined) return { byLink: false, session: refresh() };
  // Neither the address bar nor the history keeps the code.
  window.history.replaceState(null, '', window.location.pathname);
  return { byLink: true, session: redeemLink(decodeURIComponent(code)) };
}

/** A link opened in a page that is there already changes the hash only: begin anew with it. */
function useLinkInOpenPage(): void {
  useEffect(() => {
    const look = (): void => {
      if (window.location.hash.startsWith('#link=')) window.location.reload();
    };
    window.addEventListener('hashchange', look);
    return () => window.removeEventListener('hashchange', look);
  }, []);
}

/** A new token before the old one expires. */
function useRenewal(state: State, renew: () => Promise<void>): void {
  useEffect(() => {
    if (state.is !== 'in') return undefined;
    const waitMs = Math.max(5000, state.session.accessExpiresAt - Date.now() - RENEW_EARLY_MS);
    // A failure shows itself at the next question that the page asks.
    const timer = setTimeout(() => void renew().catch(() => undefined), waitMs);
    return () => clearTimeout(timer);
  }, [state, renew]);
}
