import { useState, type FormEvent } from 'react';
import { signIn, type Session } from './api.ts';
import { Mark } from './icons.tsx';

interface SignInProps {
  readonly message: string | null;
  onSession(session: Session): void;
}

export function SignIn({ message, onSession }: SignInProps) {
  const [error, setError] = useState(message);
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    setBusy(true);
    setError(null);
    try {
      onSession(await signIn(textOf(data, 'name'), textOf(data, 'password')));
    } catch (problem) {
      setError(problem instanceof Error ? problem.message : String(problem));
      setBusy(false);
    }
  };
  return (
    <main className="sign-in">
      <form className="panel sign-in-panel" onSubmit={(event) => void submit(event)}>
        <Mark />
        <h1>Sign in to NovaCron</h1>
        {error !== null && (
          <p className="notice bad" role="alert">
            {error}
          </p>
        )}
        <label className="field">
          <span className="field-label">Name</span>
          <input name="name" autoComplete="username" autoCapitalize="none" spellCheck={false} required maxLength={200} />
        </label>
        <label className="field">
          <span className="field-label">Password</span>
          <input name="password" type="password" autoComplete="current-password" required maxLength={1000} />
        </label>
        <button className="button primary" type="submit" disabled={isBusy}>
          {isBusy ? 'Signing in …' : 'Sign in'}
        </button>
        <p className="quiet">
          No password yet? <code>npm run up</code> prints a one-time link for the administrator; for others:{' '}
          <code>user sign-in-link NAME</code>.
        </p>
      </form>
    </main>
  );
}

function textOf(data: FormData, name: string): string {
  const value = data.get(name);
  return typeof value === 'string' ? value : '';
}
