export interface HeldLock {
  /** Names a second process whose life keeps the lock. */
  add(pid: number): void;
  release(): void;
}

export interface Owner {
  readonly pid: number;
  readonly birth: string;
}

export function identify(pid: number): Owner;
export function lives(owner: Owner): boolean;
export function tryLock(file: string): HeldLock | { readonly heldBy: number };
export function lock(file: string, onWait: (pid: number) => void): Promise<HeldLock>;
