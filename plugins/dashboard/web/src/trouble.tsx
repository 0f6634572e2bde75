import { Problem } from './api.ts';

/** Says what went wrong; what the hub said is for people already. */
export function Trouble({ error }: { readonly error: Error }) {
  return (
    <div className="notice bad" role="alert">
      {error.message} {error instanceof Problem && <code>{error.code}</code>}
    </div>
  );
}
