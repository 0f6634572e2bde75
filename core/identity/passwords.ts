import { hash, verify } from '@node-rs/argon2';
import { HubError, type Secret } from '../contract.ts';

/** Argon2id as OWASP advises: 19 MiB, two passes, one lane. The library's default algorithm is argon2id. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const LENGTH_MIN = 10;
const LENGTH_MAX = 200;
const HASHING_MAX = 4;

/** At most four at a time: each takes 19 MiB and a thread that others need as well. */
const turns = { free: HASHING_MAX };
const waiting: (() => void)[] = [];

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  while (turns.free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
  turns.free -= 1;
  try {
    return await work();
  } finally {
    turns.free += 1;
    waiting.shift()?.();
  }
}

export async function hashPassword(password: Secret, name: string): Promise<string> {
  const text = password.reveal().normalize('NFKC');
  if (text.length < LENGTH_MIN || text.length > LENGTH_MAX || text.toLowerCase() === name) {
    throw new HubError(
      'password_weak',
      `A password has ${LENGTH_MIN} to ${LENGTH_MAX} characters and is not the user's name. Choose another.`,
      { status: 400 },
    );
  }
  return await inTurn(() => hash(text, COST));
}

/** A hash that no password has: an unknown user takes as long to refuse as a known one. */
let decoy: Promise<string> | undefined;

export async function passwordFits(password: Secret, passwordHash: string | null): Promise<boolean> {
  const text = password
    .reveal()
    .normalize('NFKC')
    .slice(0, LENGTH_MAX + 1);
  decoy ??= hash(crypto.randomUUID(), COST);
  const fits = await inTurn(async () => verify(passwordHash ?? (await decoy) ?? '', text));
  return fits && passwordHash !== null;
}
