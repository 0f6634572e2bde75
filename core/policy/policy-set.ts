import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import { HubError } from '../contract.ts';

const shipped = (file: string): string => readFileSync(new URL(file, import.meta.url), 'utf8');

const invalid = (what: string, reasons: readonly string[]): HubError =>
  new HubError('policy_invalid', `${what} cannot be used: ${reasons.slice(0, 3).join('; ')}. Correct it, then start again.`, {
    status: 400,
    details: { reasons },
  });

const messagesOf = (errors: readonly cedar.DetailedError[]): string[] =>
  errors.map(({ message, help }) => (help === null ? message : `${message} (${help})`));

/** The policies of a text by name: what `@id("…")` says, else `<source>-<number>`. */
function byName(text: string, source: string): Record<string, string> {
  const parts = cedar.policySetTextToParts(text);
  if (parts.type === 'failure') throw invalid(`The policy file "${source}"`, messagesOf(parts.errors));
  if (parts.policy_templates.length > 0) throw invalid(`The policy file "${source}"`, ['templates are not supported']);
  const named: Record<string, string> = {};
  for (const [index, policy] of parts.policies.entries()) {
    // Read from the text: asking Cedar for the policy as JSON would double the time of the start.
    const given = /@id\("([\w.-]+)"\)/.exec(policy)?.[1];
    const name = given ?? `${source}-${index + 1}`;
    if (name in named) throw invalid(`The policy file "${source}"`, [`two policies are called "${name}"`]);
    named[name] = policy;
  }
  return named;
}

function validate(schema: string, policies: Record<string, string>): void {
  const answer = cedar.validate({ schema, policies: { staticPolicies: policies } });
  if (answer.type === 'failure') throw invalid('The policies', messagesOf(answer.errors));
  const errors = answer.validationErrors.map(({ policyId, error }) => `${policyId}: ${error.message}`);
  if (errors.length > 0) throw invalid('The policies', errors);
}

/** Parses and validates the shipped policies and the extra ones; returns the name under which Cedar keeps the parsed set. */
export function preparePolicies(extraPolicies: string | undefined): string {
  const schema = shipped('novacron.cedarschema');
  const roles = byName(shipped('roles.cedar'), 'roles');
  const extra = byName(extraPolicies ?? '', 'extra');
  const taken = Object.keys(extra).find((name) => name in roles);
  if (taken !== undefined) throw invalid('The extra policies', [`the name "${taken}" is taken by a shipped policy`]);
  const policies = { ...roles, ...extra };
  validate(schema, policies);
  // Cedar keeps parsed sets for the life of the process: the same text gets the same name, so starting twice costs nothing.
  const name = `novacron-${createHash('sha256')
    .update(JSON.stringify([schema, policies]))
    .digest('hex')
    .slice(0, 24)}`;
  const parsed = [cedar.preparsePolicySet(name, { staticPolicies: policies }), cedar.preparseSchema(name, schema)];
  for (const answer of parsed) if (answer.type === 'failure') throw invalid('The policies', messagesOf(answer.errors));
  return name;
}
