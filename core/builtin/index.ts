import { z } from 'zod';
import { definePlugin, type Clock, type Jobs, type Plugin } from '../contract.ts';
import type { Identity } from '../identity/identity.ts';
import { jobActions } from './jobs.ts';
import { peopleActions } from './people.ts';
import { statusActions, type StatusDeps } from './hub-status.ts';

export interface BuiltinDeps extends StatusDeps {
  readonly jobs: Jobs;
  readonly identity: Identity;
  readonly tenants: readonly string[];
  readonly clock: Clock;
}

/** The hub's own actions, declared like any plugin's, so that every surface has them. */
export const createBuiltin = ({ jobs, identity, tenants, clock, ...status }: BuiltinDeps): Plugin =>
  definePlugin({ name: 'hub', api: 1, config: z.strictObject({}), needs: {}, provides: {} }, () => ({
    actions: { ...jobActions(jobs), ...peopleActions({ identity, tenants, clock }), ...statusActions(status) },
  }));
