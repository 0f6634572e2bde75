import { LibvirtError } from '../errors.ts';
import { error } from '../generated/types-common.ts';
import type { XdrReader } from '../xdr/reader.ts';

/** The body of an answer or a stream that failed. */
export function decodeServerError(body: XdrReader): LibvirtError {
  const { message, code, domain, level, str1, str2, str3 } = error.decode(body);
  return new LibvirtError(message ?? `libvirt failed with error ${code} and gave no reason.`, { code, domain, level, str1, str2, str3 });
}
