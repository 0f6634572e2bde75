import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from 'novacron/plugin';
import { z } from 'zod';
import { ruleName, ruleSchema, type FileRule } from './rule-schema.ts';

const keptSchema = z.array(z.object({ id: ruleName, rule: ruleSchema }));

/** What counted of each file of rules, kept over a restart: a slip made by day must not take the rules away when the hub starts again at night. */
export interface KeptRules {
  /** Empty where nothing is kept. */
  read(file: string): Promise<readonly FileRule[]>;
  write(file: string, rules: readonly FileRule[]): Promise<void>;
}

export function createKeptRules(folder: string, log: Log): KeptRules {
  const written = new Map<string, string>();
  const pathOf = (file: string): string => join(folder, `${createHash('sha256').update(file).digest('hex').slice(0, 32)}.json`);
  return {
    async read(file) {
      try {
        const text = await readFile(pathOf(file), 'utf8');
        return keptSchema.parse(JSON.parse(text)).map(({ id, rule }) => ({ id, rule, file }));
      } catch (error) {
        const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
        if (!isAbsent) log.warn({ file, err: error }, 'what was kept of a file of alert rules cannot be read');
        return [];
      }
    },
    async write(file, rules) {
      const text = JSON.stringify(rules.map(({ id, rule }) => ({ id, rule })));
      if (written.get(file) === text) return;
      await mkdir(folder, { recursive: true });
      // In one go: a hub that dies meanwhile has the old ones.
      await writeFile(`${pathOf(file)}.new`, text);
      await rename(`${pathOf(file)}.new`, pathOf(file));
      written.set(file, text);
    },
  };
}
