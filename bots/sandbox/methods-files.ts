import { randomBytes } from 'node:crypto';
import { isRecord } from './block-shapes.ts';
import { asText, channelOf } from './methods-chat.ts';
import type { SharedFile } from './protocol.ts';
import { fail, type Answer, type ApiDeps, type Args, type Method } from './api-method.ts';
import { BOT_USER_ID, LIMITS, type StoredFile } from './workspace.ts';

const UPLOADS_MAX = 100;
const MEDIA_TYPES: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  gif: 'image/gif',
  txt: 'text/plain; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  json: 'application/json',
};

/** SVG and HTML would run script on the page's origin: they are stored as plain bytes. */
const mediaTypeOf = (name: string): string => MEDIA_TYPES[name.split('.').at(-1)?.toLowerCase() ?? ''] ?? 'application/octet-stream';

/** The API calls it `alt_txt`, its client `alt_text`. */
const altOf = (args: Args): string => {
  const alt = args['alt_txt'] ?? args['alt_text'];
  return typeof alt === 'string' ? alt.slice(0, 1_000) : '';
};

function begin(deps: ApiDeps, args: Args): Answer {
  const name = typeof args['filename'] === 'string' ? args['filename'].replaceAll(/[/\\\0]/g, '_').slice(0, 200) : '';
  const lengthBytes = Number(args['length']);
  if (name === '') return fail('invalid_arguments', ['[ERROR] missing required field: filename']);
  if (!Number.isInteger(lengthBytes) || lengthBytes <= 0) return fail('invalid_arguments', ['[ERROR] length must be a positive integer']);
  if (lengthBytes > LIMITS.fileBytesMax) return fail('file_upload_size_restricted');
  const id = `F${randomBytes(12).toString('hex').toUpperCase()}`;
  const open = deps.workspace.uploads;
  open.set(id, { id, name, alt: altOf(args), bytes: null });
  for (const old of open.keys()) if (open.size > UPLOADS_MAX) open.delete(old);
  return { ok: true, upload_url: `${deps.baseUrl()}/upload/${id}`, file_id: id };
}

function shared(file: StoredFile): SharedFile {
  const { bytes: _, ...rest } = file;
  return rest;
}

function complete(deps: ApiDeps, args: Args): Answer {
  const asked: readonly unknown[] = Array.isArray(args['files']) ? args['files'] : [];
  if (asked.length === 0) return fail('invalid_arguments', ['[ERROR] missing required field: files']);
  const channel = args['channel_id'] === undefined ? undefined : channelOf(deps.workspace, args['channel_id']);
  if (args['channel_id'] !== undefined && channel === undefined) return fail('channel_not_found');
  const parent = channel !== undefined && args['thread_ts'] !== undefined ? deps.workspace.find(channel, asText(args['thread_ts'])) : null;
  if (parent === undefined) return fail('invalid_thread_ts');
  const kept: StoredFile[] = [];
  for (const entry of asked) {
    const upload = isRecord(entry) ? deps.workspace.uploads.get(String(entry['id'])) : undefined;
    if (!upload?.bytes) return fail('file_not_found');
    const title = isRecord(entry) && typeof entry['title'] === 'string' && entry['title'] !== '' ? entry['title'] : upload.name;
    const path = `/files/${upload.id}/${encodeURIComponent(upload.name)}`;
    const facts = { id: upload.id, name: upload.name, title, alt: upload.alt, mediaType: mediaTypeOf(upload.name) };
    kept.push({ ...facts, sizeBytes: upload.bytes.length, path, bytes: upload.bytes });
  }
  for (const file of kept) {
    deps.workspace.uploads.delete(file.id);
    deps.workspace.keepFile(file);
  }
  if (channel !== undefined) {
    const text = typeof args['initial_comment'] === 'string' ? args['initial_comment'] : '';
    const threadTs = parent ? (parent.threadTs ?? parent.ts) : null;
    deps.workspace.post({ channel, user: BOT_USER_ID, text, threadTs, files: kept.map(shared) });
  }
  return { ok: true, files: kept.map((file) => ({ id: file.id, title: file.title })) };
}

export const fileMethods = (deps: ApiDeps): Record<string, Method> => ({
  'files.getUploadURLExternal': (args) => begin(deps, args),
  'files.completeUploadExternal': (args) => complete(deps, args),
});

/** Takes the bytes that came to an upload address; false when there is no such upload. */
export function takeUpload(deps: Pick<ApiDeps, 'workspace'>, id: string, bytes: Buffer): boolean {
  const upload = deps.workspace.uploads.get(id);
  if (!upload || upload.bytes) return false;
  upload.bytes = bytes;
  return true;
}
