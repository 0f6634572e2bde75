/** One line of the chain. `body` is the canonical JSON that was hashed; the other columns repeat parts of it, to search by. */
export interface AuditTable {
  seq: number;
  at: number;
  event: string;
  action: string;
  actorId: string | null;
  tenant: string | null;
  targetKind: string | null;
  targetId: string | null;
  jobId: string | null;
  body: string;
  /** Hex SHA-256 of the hash before it and `body`. */
  hash: string;
}

/** A signed statement: "entry `seq` had this hash, so all before it were as they were". */
export interface AuditCheckpointTable {
  seq: number;
  keyId: string;
  at: number;
  hash: string;
  /** Base64url Ed25519 over the canonical JSON of the other fields. */
  signature: string;
}

/** The public keys of the hubs that write this chain. What they say is only as good as the anchor that each hub keeps outside. */
export interface AuditKeyTable {
  keyId: string;
  /** SPKI. */
  publicPem: string;
  at: number;
}

export interface AuditTables {
  auditKey: AuditKeyTable;
  audit: AuditTable;
  auditCheckpoint: AuditCheckpointTable;
}
