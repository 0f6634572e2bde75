import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';

/** What Jupyter writes into the connection file. */
export interface ConnectionFile {
  readonly transport: string;
  readonly ip: string;
  readonly key: string;
  readonly signature_scheme: string;
  readonly shell_port: number;
  readonly control_port: number;
  readonly stdin_port: number;
  readonly iopub_port: number;
  readonly hb_port: number;
}

export interface Header {
  readonly msg_id: string;
  readonly msg_type: string;
  readonly session: string;
}

export interface Message {
  /** Who sent it, for the answer. */
  readonly identities: readonly Buffer[];
  readonly header: Header;
  readonly content: Readonly<Record<string, unknown>>;
}

export interface Outgoing {
  readonly type: string;
  readonly parent: Header | null;
  readonly content: object;
  readonly identities?: readonly Buffer[];
}

export interface Wire {
  pack(message: Outgoing): Buffer[];
  /** Null for what is not signed with the key of the connection file, or no message at all. */
  unpack(frames: readonly Buffer[]): Message | null;
}

const DELIMITER = Buffer.from('<IDS|MSG>');
const PROTOCOL = '5.3';

/** Jupyter's messages, version 5.3: identities, a delimiter, a signature, and four JSON texts. */
export function createWire({ key, signature_scheme: scheme }: Pick<ConnectionFile, 'key' | 'signature_scheme'>): Wire {
  const session = randomUUID();
  const hash = scheme.replace(/^hmac-/u, '');
  const sign = (frames: readonly Buffer[]): Buffer => {
    if (key === '') return Buffer.alloc(0);
    const hmac = createHmac(hash, key);
    for (const frame of frames) hmac.update(frame);
    return Buffer.from(hmac.digest('hex'));
  };
  return {
    pack({ type, parent, content, identities = [] }) {
      const date = new Date().toISOString();
      const header = { msg_id: randomUUID(), msg_type: type, session, username: 'kernel', date, version: PROTOCOL };
      const frames = [header, parent ?? {}, {}, content].map((part) => Buffer.from(JSON.stringify(part)));
      return [...identities, DELIMITER, sign(frames), ...frames];
    },
    unpack(frames) {
      const at = frames.findIndex((frame) => frame.equals(DELIMITER));
      const signature = frames[at + 1];
      const parts = frames.slice(at + 2, at + 6);
      if (at < 0 || signature === undefined || parts.length < 4) return null;
      const expected = sign(parts);
      if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) return null;
      const [header, , , content] = parts.map((part) => JSON.parse(part.toString('utf8')) as never);
      return { identities: frames.slice(0, at), header: header as unknown as Header, content: content as unknown as Message['content'] };
    },
  };
}
