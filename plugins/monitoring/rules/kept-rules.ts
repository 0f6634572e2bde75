import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ruleName, ruleSchema } from './rule-schema.ts';
import type { FileRule } from './rules-file.ts';

const keptSchema = z.array(z.object({ id: ruleName, rule: ruleSchema }));

/** What counted of each file of rules, kept over a restart: a slip made by day must not take the rules away when the hub starts again at night. */
export interface KeptRules {
  /** Empty where nothing is kept. */
  read(file: string): Promise<readonly FileRule[]>;
  write(file: string, rules: readonly FileRule[]): Promise<void>;
}

export function createKeptRules(folder: string): KeptRules {
  const written = new Map<string, string>();
  const pathOf = (file: string): string => join(folder, `${createHash('sha256').update(file).digest('hex').slice(0, 32)}.json`);
  return {
    async read(file) {
      const text = await readFile(pathOf(file), 'utf8').catch(() => '[]');
      try {
        return keptSchema.parse(JSON.parse(text)).map(({ id, rule }) => ({ id, rule, file }));
      } catch {
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
