import { HubError, type Action, type Plugin } from '../contract.ts';
import { checkAlert } from './alert-declarations.ts';

const ACTION_ID = /^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*){1,2}$/;
const TABLE = /^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)?$/;
const METRIC = /^[a-z][A-Za-z0-9]*$/;
const ENDPOINT = /^(GET|POST) (\/([a-z][a-z0-9_.-]*|:[a-z][A-Za-z]*))+$/;
/** What the core itself serves below /api/v1. */
const TAKEN = new Set(['actions', 'audit', 'auth', 'confirmations', 'events', 'jobs', 'live', 'panels', 'resources']);
const RISKS = new Set(['read', 'change', 'disrupt', 'destroy']);

/** What types cannot say (or JavaScript plugins get wrong): HubError `plugin_declaration` names the plugin, the thing and the rule. */
export function checkDeclarations(plugin: Plugin): void {
  const wrong = (what: string): never => {
    throw new HubError('plugin_declaration', `Plugin '${plugin.name}': ${what}.`);
  };
  if (!/^[a-z][a-z0-9-]*$/.test(plugin.name)) wrong('its name must be kebab-case');
  for (const [id, action] of Object.entries(plugin.actions ?? {})) checkAction(id, action, wrong);
  for (const key of Object.keys(plugin.endpoints ?? {})) {
    if (!ENDPOINT.test(key)) wrong(`the endpoint '${key}' must be 'GET' or 'POST' and a path such as '/runs/:id'`);
    if (TAKEN.has(plugin.name)) wrong('a plugin with endpoints needs another name: the hub itself serves that path');
  }
  for (const [key, rule] of Object.entries(plugin.alerts ?? {})) checkAlert(key, rule, wrong);
  for (const [table, metrics] of Object.entries(plugin.metrics ?? {})) {
    if (!TABLE.test(table)) wrong(`the metrics table '${table}' must be '<kind>' or '<kind>.<part>'`);
    for (const name of Object.keys(metrics)) if (!METRIC.test(name)) wrong(`the metric '${name}' must be camelCase`);
  }
}

function checkAction(id: string, action: Action, wrong: (what: string) => never): void {
  if (!ACTION_ID.test(id)) wrong(`the action '${id}' must be named '<noun>.<verb>' in lower case`);
  if (!RISKS.has(action.risk)) wrong(`the action '${id}' has the unknown risk '${action.risk}'`);
  if (typeof action.run !== 'function') wrong(`the action '${id}' has no run()`);
  if (typeof action.label !== 'string' || action.label.length > 24) wrong(`the label of '${id}' must have at most 24 characters`);
  const risky = action.risk === 'disrupt' || action.risk === 'destroy' || action.riskOf !== undefined;
  if (risky && action.plan === undefined) wrong(`the action '${id}' can disrupt or destroy, so it must have a plan()`);
}
