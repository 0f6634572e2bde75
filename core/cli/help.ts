import type { Command } from '../contract/commands.ts';
import type { ActionDescription } from '../contract/services.ts';
import { formatFigure } from '../surfaces/figures.ts';
import { tableLines } from '../surfaces/terminal.ts';
import { flagOf, wordsOf } from '../surfaces/usage.ts';
import { EXIT, EXIT_WORDS } from './exit-codes.ts';
import { OPTIONS_HELP } from './options.ts';

const LOCAL: readonly (readonly [string, string])[] = [
  ['audit verify [FILE]', 'Check the hash chain of the audit, of the hub or of an export.'],
  ['audit export [FILE]', 'Write the whole audit, a JSON object a line.'],
  ['plugin create NAME', 'Write a plugin that loads and passes its own test.'],
];

const indent = (rows: readonly (readonly [string, string])[]): string[] => {
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  return rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`);
};

const isNothing = (value: unknown): boolean => value === null || value === '' || (Array.isArray(value) && value.length === 0);

const localRows = (commands: readonly Command[]): (readonly [string, string])[] => [
  ...LOCAL,
  ...commands.map(({ usage, help }) => [usage, help] as const),
];

/** All that this person may do; `commands` null: only these actions. */
export function helpLines(actions: readonly ActionDescription[], commands: readonly Command[] | null): string[] {
  const [only] = actions;
  if (actions.length === 1 && only !== undefined && commands === null) return actionHelp(only);
  const rows = actions.map((action) => [wordsOf(action.id), action.title] as const);
  if (commands === null) return [...indent(rows), '', 'Help for one: novacron <command> --help'];
  return [
    'Usage: novacron <thing> <verb> [words] [options]',
    '',
    'Commands',
    ...indent([...rows, ...localRows(commands)]),
    '',
    ...footer(),
  ];
}

/** Help without a hub. */
export const localHelp = (commands: readonly Command[]): string[] => [
  'Usage: novacron <thing> <verb> [words] [options]',
  '',
  'Commands without a hub',
  ...indent(localRows(commands)),
  '',
  ...footer(),
];

const footer = (): string[] => [
  'Options',
  ...indent(OPTIONS_HELP),
  '',
  'Exit codes',
  ...indent(Object.entries(EXIT).map(([name, code]) => [String(code), EXIT_WORDS[name as keyof typeof EXIT]] as const)),
];

const RISKS: Readonly<Record<ActionDescription['risk'], string | null>> = {
  read: null,
  change: null,
  disrupt: 'A guest notices: the plan is shown and must be confirmed.',
  destroy: 'Data is lost: the plan is shown and must be confirmed.',
};

function actionHelp(action: ActionDescription): string[] {
  const { fields, positional, examples, help } = action;
  const risk = RISKS[action.risk];
  const rows = fields.map((field) => [
    positional.includes(field.name) ? `<${flagOf(field, fields)}>` : `--${flagOf(field, fields)}`,
    field.required ? 'required' : isNothing(field.default) ? '' : `default ${formatFigure(field.name, field.default)}`,
    [field.help ?? field.label, field.choices.length > 0 ? `One of ${field.choices.join(', ')}.` : '']
      .filter((text) => text !== '')
      .join(' '),
  ]);
  const table = tableLines({ columns: ['', '', ''], rows }, { color: false }).slice(1);
  return [
    `${action.title}.${help === null ? '' : ` ${help}`}`,
    '',
    `Usage: novacron ${action.usage}`,
    ...(rows.length > 0 ? ['', ...table.map((line) => `  ${line}`)] : []),
    ...(examples.length > 0 ? ['', 'Examples', ...examples.map((example) => `  novacron ${example}`)] : []),
    ...(risk === null ? [] : ['', risk]),
  ];
}
