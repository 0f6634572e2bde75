export interface DebianPackage {
  readonly name: string;
  /** What for, in a few words. */
  readonly why: string;
  readonly optional?: boolean;
}

export function missingPackages(groups: readonly ('up' | 'test')[]): DebianPackage[];
