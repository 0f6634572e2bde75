/** Does a libvirtd answer at this socket? `nothing`: it accepted and stayed silent until the limit. */
export function answers(path: string, timeoutMs: number): Promise<'yes' | 'refused' | 'forbidden' | 'nothing'>;
