/** What a user proves to be themselves with. */
export interface Credentials {
  username: string;
  /** Asked for at every connection, also at one that is made again, when it is a function. */
  password: string | (() => string | Promise<string>);
}

/** Credentials whose password is at hand. */
export interface Secret {
  username: string;
  password: string;
}

/** One conversation of SASL, as the client leads it. */
export interface Mechanism {
  /** As SASL names it. */
  readonly name: string;
  /** What the client says first. */
  readonly first: Buffer;
  /** What the client says to that; null when there is nothing to be said. Rejects when the server is not to be believed. */
  respond(challenge: Buffer): Promise<Buffer | null>;
  /** Whether the client has nothing more to ask for. */
  finished(): boolean;
}

/** PLAIN (RFC 4616): the password itself, so only where nobody else can read it. */
export function plain({ username, password }: Secret): Mechanism {
  return {
    name: 'PLAIN',
    first: Buffer.from(`\0${username}\0${password}`),
    respond: () => Promise.resolve(null),
    finished: () => true,
  };
}
