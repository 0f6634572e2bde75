import type { ActionDescription, FormField, Risk } from 'novacron/plugin';
import { button, buttons, context, divider, header, PRESS, section, type Block, type Content } from './block-kit.ts';
import { bold, cut, escape, inlineCode } from './mrkdwn.ts';
import { offerButton } from './offers.ts';

const COMMAND = '/nova';
/** So few are shown with all their fields. */
const DETAILED_MAX = 1;
const GROUP_LENGTH_MAX = 1_100;
/** Slack takes 50 blocks in one message, and some 13,000 characters in all of them. */
const GROUPS_MAX = 40;
const GROUPS_LENGTH_MAX = 11_000;

const RISKS: Readonly<Record<Risk, string>> = {
  read: 'only looks',
  change: 'changes something; no guest notices',
  disrupt: 'a guest notices; asks first',
  destroy: 'data is lost; asks first',
};

const wordsOf = (id: string): string => id.replaceAll('.', ' ');

function fieldLine(field: FormField): string {
  const facts = [
    field.required ? 'required' : '',
    field.default === null || (Array.isArray(field.default) && field.default.length === 0)
      ? ''
      : `default ${escape(JSON.stringify(field.default), 60)}`,
    field.choices.length > 0 ? escape(field.choices.slice(0, 12).join(', '), 200) : '',
  ].filter((fact) => fact !== '');
  const help = field.help === null ? '' : ` – ${escape(field.help, 150)}`;
  return `•  ${bold(field.label, 60)}${help}${facts.length > 0 ? `  _(${facts.join('; ')})_` : ''}`;
}

function detail(action: ActionDescription): Block[] {
  const fields = action.fields.slice(0, 12).map(fieldLine).join('\n');
  const examples = action.examples.slice(0, 4).map((example) => inlineCode(`${COMMAND} ${example.replace(/^\/nova /, '')}`, 200));
  const form = offerButton(action, { action: action.id, input: {}, asForm: true }, 0);
  return [
    section(
      `${bold(action.title, 150)}\n${inlineCode(`${COMMAND} ${action.usage}`, 500)}${action.help === null ? '' : `\n${escape(action.help, 1_000)}`}`,
    ),
    ...(fields === '' ? [] : [section(cut(fields, 2_900))]),
    ...(examples.length === 0 ? [] : [section(`For example\n${examples.join('\n')}`)]),
    ...buttons(form ? [form] : []),
    context(`${RISKS[action.risk]}  ·  ${escape(action.id, 100)}`),
  ];
}

/** Whole lines up to the bound; the rest is counted. */
function lines(all: readonly string[], lengthMax: number): string {
  const kept: string[] = [];
  let lengthLeft = lengthMax;
  for (const line of all) {
    lengthLeft -= line.length + 1;
    if (lengthLeft < 0) break;
    kept.push(line);
  }
  const left = all.length - kept.length;
  return left === 0 ? kept.join('\n') : [...kept, `… and ${left} more`].join('\n');
}

/** The noun with which most can be done comes first. */
function groups(actions: readonly ActionDescription[]): Block[] {
  const byNoun = [...Map.groupBy(actions, (action) => action.id.split('.')[0] ?? '')].toSorted(
    ([, one], [, other]) => other.length - one.length,
  );
  const shown: Block[] = [];
  const hidden: string[] = [];
  let lengthLeft = GROUPS_LENGTH_MAX;
  for (const [noun, members] of byNoun) {
    const rows = members.map((action) => `${inlineCode(wordsOf(action.id), 80)}  ${escape(action.title, 120)}`);
    const text = `${bold(noun, 40)}\n${lines(rows, GROUP_LENGTH_MAX)}`;
    lengthLeft -= text.length;
    if (lengthLeft < 0 || shown.length === GROUPS_MAX) hidden.push(noun);
    else shown.push(section(text));
  }
  return [...shown, ...(hidden.length === 0 ? [] : [context(`There is more: ${escape(hidden.join(', '), 500)}`)])];
}

/** What this person may do: `actions` is that list, or a part of it. */
export function helpContent(actions: readonly ActionDescription[]): Content {
  if (actions.length === 0)
    return { text: 'There is nothing here that you may do.', blocks: [section('There is nothing here that you may do.')] };
  const [first] = actions;
  if (first && actions.length <= DETAILED_MAX)
    return { text: `${escape(first.title, 150)}: ${COMMAND} ${escape(first.usage, 500)}`, blocks: detail(first) };
  return {
    text: `What you can do: ${actions.length} actions`,
    blocks: [
      header('What you can do'),
      ...groups(actions),
      divider,
      context(`More about one: ${inlineCode(`${COMMAND} help ${wordsOf(first?.id ?? '')}`)}  ·  where words are missing, a form opens`),
    ],
  };
}

const SUGGESTIONS_MAX = 5;

/** A slip of the keyboard: what may have been meant, as buttons. */
export function unknownContent(words: string, suggestions: readonly string[]): Content {
  const said = `I do not know ${inlineCode(words, 200)}.`;
  const likely = suggestions.slice(0, SUGGESTIONS_MAX);
  const hint = likely.length > 0 ? ' Did you mean:' : ` ${inlineCode(`${COMMAND} help`)} shows what you can do.`;
  const presses = likely.map((suggestion, index) =>
    button({ id: `${PRESS.words}.${index}`, label: suggestion, value: cut(suggestion, 2_000) }),
  );
  return { text: `${said}${hint}`, blocks: [section(`${said}${hint}`), ...buttons(presses)] };
}
