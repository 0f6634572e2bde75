import { setTimeout as sleep } from 'node:timers/promises';
import { HubError, type ActionDescription, type FormField, type Outcome } from 'novacron/plugin';
import type { Asker, Bot } from './bot.ts';
import { fieldErrors, optionsOf, readForm, readMeta, type ElementState, type FormMeta } from './form-blocks.ts';
import { execute, present, type Performance, type Stage } from './perform.ts';

/** How long the acknowledgement of a form waits for the door to say what is wrong with a field: Slack shows it only then. */
const VERDICT_MS = 80;

export interface Submission {
  readonly meta: FormMeta;
  readonly values: Readonly<Record<string, Readonly<Record<string, ElementState>>>>;
  /** Closes the form, or shows errors at its fields. */
  acknowledge(errors?: Readonly<Record<string, string>>): Promise<void>;
}

/** `512MiB` typed into a form means what it means after `--memory`. */
const unitReader =
  (bot: Bot, asker: Asker, action: ActionDescription) =>
  (field: FormField, text: string): unknown => {
    const flag = field.name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const parsed = bot.actions.parse([...action.id.split('.'), `--${flag}=${text}`], asker.actor);
    return parsed.is === 'call' ? (parsed.input[field.name] ?? text) : text;
  };

type Verdict =
  | { readonly is: 'outcome'; readonly outcome: Outcome }
  | { readonly is: 'error'; readonly error: unknown }
  | { readonly is: 'late' };

/** Executes a filled form: errors of fields are shown in it, everything else like that of a command. */
export async function runSubmission(stage: Stage, asker: Asker, { meta, values, acknowledge }: Submission): Promise<void> {
  const { bot } = stage;
  const action = bot.actions.describe(meta.action, asker.actor);
  const input = { ...meta.hidden, ...readForm(action, values, unitReader(bot, asker, action)) };
  const performance: Performance = { action, input };
  const executed = execute(bot, asker, performance).then(
    (outcome): Verdict => ({ is: 'outcome', outcome }),
    (error: unknown): Verdict => ({ is: 'error', error }),
  );
  const verdict = await Promise.race([executed, sleep<Verdict>(VERDICT_MS, { is: 'late' })]);
  if (verdict.is === 'error' && HubError.is(verdict.error) && verdict.error.code === 'input_invalid') {
    const errors = fieldErrors(action, problemsOf(verdict.error));
    if (Object.keys(errors).length > 0) return acknowledge(errors);
  }
  await acknowledge();
  const end = verdict.is === 'late' ? await executed : verdict;
  if (end.is === 'error') throw end.error;
  if (end.is === 'outcome') await present(stage, asker, { ...performance, outcome: end.outcome });
}

const isProblem = (entry: unknown): entry is { readonly field: string; readonly message: string } =>
  typeof entry === 'object' &&
  entry !== null &&
  'field' in entry &&
  'message' in entry &&
  typeof entry.field === 'string' &&
  typeof entry.message === 'string';

function problemsOf(error: HubError): readonly { readonly field: string; readonly message: string }[] {
  const fields = error.details['fields'];
  return Array.isArray(fields) ? fields.filter(isProblem) : [{ field: '', message: error.message }];
}

/** What a select that searches shows for what was typed. */
export async function searchOptions(
  bot: Bot,
  asker: Asker,
  search: { readonly metadata: string; readonly field: string; readonly text: string },
): Promise<ReturnType<typeof optionsOf>> {
  const meta = readMeta(search.metadata);
  if (!meta) return [];
  const field = bot.actions.describe(meta.action, asker.actor).fields.find((candidate) => candidate.name === search.field);
  if (!field) return [];
  if (field.picker === null) {
    const wanted = search.text.toLowerCase();
    return optionsOf(
      field.choices.filter((choice) => choice.toLowerCase().includes(wanted)).map((choice) => ({ text: choice, value: choice })),
    );
  }
  const things = await bot.resources.search(field.picker, { text: search.text, rowsMax: 50 }, asker.actor);
  return optionsOf(things.map(({ name, id }) => ({ text: name, value: id })));
}
