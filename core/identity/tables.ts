export interface UserTable {
  id: string;
  /** Lower case, unique. */
  name: string;
  displayName: string;
  kind: 'person' | 'service';
  role: 'viewer' | 'operator' | 'tenant-admin' | 'admin';
  tenant: string;
  /** Argon2id in PHC form; null: no sign-in with a password. */
  passwordHash: string | null;
  createdAt: number;
  disabledAt: number | null;
}

/** A family of refresh tokens: one sign-in on one device. */
export interface SessionTable {
  id: string;
  userId: string;
  createdAt: number;
  revokedAt: number | null;
  /** `signed-out`, `reused`, `password-changed`, `disabled`. */
  revokedFor: string | null;
}

export interface RefreshTokenTable {
  /** SHA-256 of the token. */
  hash: string;
  sessionId: string;
  createdAt: number;
  expiresAt: number;
  usedAt: number | null;
}

export interface ApiTokenTable {
  id: string;
  userId: string;
  name: string;
  hash: string;
  /** JSON array of patterns; null: all that the user may do. */
  scopes: string[] | null;
  createdAt: number;
  expiresAt: number | null;
  lastUsedAt: number | null;
  revokedAt: number | null;
}

/** Codes that are good once: a sign-in link, a code to link a chat identity. */
export interface OneTimeCodeTable {
  hash: string;
  purpose: 'sign-in' | 'link-chat';
  userId: string;
  createdAt: number;
  expiresAt: number;
  usedAt: number | null;
}

export interface ChatLinkTable {
  workspace: string;
  chatUserId: string;
  userId: string;
  createdAt: number;
}

/** Counts of attempts that are not known to be right: `name@address`, `address`, `name`. */
export interface AttemptTable {
  subject: string;
  attempts: number;
  firstAt: number;
  blockedUntil: number;
}

/** Public keys of the hubs that sign access tokens. */
export interface TokenKeyTable {
  keyId: string;
  publicPem: string;
  createdAt: number;
}

export interface IdentityTables {
  user: UserTable;
  session: SessionTable;
  refreshToken: RefreshTokenTable;
  apiToken: ApiTokenTable;
  oneTimeCode: OneTimeCodeTable;
  chatLink: ChatLinkTable;
  attempt: AttemptTable;
  tokenKey: TokenKeyTable;
}
