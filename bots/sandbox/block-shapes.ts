/** Small checks that compose: each looks at one value and writes what is wrong into `problems`, in the words of Slack's API. */

export type Check = (value: unknown, at: string, problems: string[]) => void;

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const say = (problems: string[], at: string, message: string): void => {
  problems.push(`[ERROR] ${message} [json-pointer:${at}]`);
};

/** Slack counts UTF-16 units, as JavaScript does. */
export const string =
  (lengthMax: number, lengthMin = 0): Check =>
  (value, at, problems) => {
    if (typeof value !== 'string') say(problems, at, 'must be a string');
    else if (value.length < lengthMin) say(problems, at, `must be more than ${lengthMin - 1} characters`);
    else if (value.length > lengthMax) say(problems, at, `must be less than ${lengthMax + 1} characters`);
  };

export const boolean: Check = (value, at, problems) => {
  if (typeof value !== 'boolean') say(problems, at, 'must be a boolean');
};

export const integer =
  (minimum: number, maximum: number): Check =>
  (value, at, problems) => {
    if (!Number.isInteger(value) || (value as number) < minimum || (value as number) > maximum) {
      say(problems, at, `must be an integer from ${minimum} to ${maximum}`);
    }
  };

/** A number written as a string, as number_input wants its bounds. */
export const numberText: Check = (value, at, problems) => {
  if (typeof value !== 'string' || value.trim() === '' || !Number.isFinite(Number(value)))
    say(problems, at, 'must be a number in a string');
};

export const oneOf =
  (...words: readonly string[]): Check =>
  (value, at, problems) => {
    if (typeof value !== 'string' || !words.includes(value)) say(problems, at, `must be a valid enum value: ${words.join(', ')}`);
  };

export const list =
  (item: Check, itemsMax: number, itemsMin = 1): Check =>
  (value, at, problems) => {
    if (!Array.isArray(value)) return say(problems, at, 'must be an array');
    if (value.length < itemsMin) say(problems, at, `no less than ${itemsMin} items allowed`);
    if (value.length > itemsMax) return say(problems, at, `no more than ${itemsMax} items allowed`);
    value.forEach((entry, index) => item(entry, `${at}/${index}`, problems));
  };

/** Keys that end in `?` may be absent; a key that is not named is refused, as Slack does. */
export const object = (fields: Readonly<Record<string, Check>>): Check => {
  const checks = new Map(Object.entries(fields).map(([key, check]) => [key.replace(/\?$/, ''), check]));
  const required = Object.keys(fields).filter((key) => !key.endsWith('?'));
  return (value, at, problems) => {
    if (!isRecord(value)) return say(problems, at, 'must be an object');
    for (const key of required) if (value[key] === undefined) say(problems, at, `missing required field: ${key}`);
    for (const [key, entry] of Object.entries(value)) {
      if (entry === undefined) continue;
      const check = checks.get(key);
      if (check) check(entry, `${at}/${key}`, problems);
      else say(problems, at, `invalid additional property: ${key}`);
    }
  };
};

export const anything: Check = () => {};

/** Chooses the check by the value's `type`. */
export const byType =
  (kinds: Readonly<Record<string, Check>>): Check =>
  (value, at, problems) => {
    const type = isRecord(value) ? value['type'] : undefined;
    const check = typeof type === 'string' && Object.hasOwn(kinds, type) ? kinds[type] : undefined;
    if (check) check(value, at, problems);
    else say(problems, `${at}/type`, `unsupported type: ${String(type)}`);
  };

export const all =
  (...checks: readonly Check[]): Check =>
  (value, at, problems) => {
    for (const check of checks) check(value, at, problems);
  };

export const rule =
  (holds: (value: Readonly<Record<string, unknown>>) => boolean, message: string): Check =>
  (value, at, problems) => {
    if (isRecord(value) && !holds(value)) say(problems, at, message);
  };
