/** What `novacron` answers to the shell; stable, listed by `novacron --help`. */
export const EXIT = {
  ok: 0,
  /** The action or its job failed. */
  failed: 1,
  /** Wrong words or input. */
  usage: 2,
  /** Not signed in, or not allowed. */
  refused: 3,
  /** A person must confirm the plan, and nobody did. */
  unconfirmed: 4,
  /** No hub answers. */
  unreachable: 5,
  /** There is no such thing (or none that you may see). */
  unknown: 6,
  /** Ctrl-C: the job, if there is one, goes on. */
  interrupted: 130,
} as const;

/** The same for `--help`. */
export const EXIT_WORDS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'Done.',
  failed: 'The action or its job failed.',
  usage: 'Wrong words or input.',
  refused: 'Not signed in, or not allowed.',
  unconfirmed: 'A person must confirm the plan, and nobody did.',
  unreachable: 'No hub answers.',
  unknown: 'There is no such thing, or none that you may see.',
  interrupted: 'Ctrl-C; a job goes on.',
};

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const BY_CODE: Readonly<Record<string, ExitCode>> = {
  permission_denied: EXIT.refused,
  confirmation_required: EXIT.unconfirmed,
  hub_unreachable: EXIT.unreachable,
  cli_usage: EXIT.usage,
};

/** By the error's code, else by its HTTP status. */
export function exitCodeOf({ code, status }: { readonly code: string; readonly status: number }): ExitCode {
  const known = Object.hasOwn(BY_CODE, code) ? BY_CODE[code] : undefined;
  if (known !== undefined) return known;
  if (status === 400) return EXIT.usage;
  if (status === 401 || status === 403) return EXIT.refused;
  return status === 404 ? EXIT.unknown : EXIT.failed;
}
