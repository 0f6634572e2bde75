import { createAudit } from '../../../core/audit/audit.ts';
import { type Actor, type Role, Secret } from '../../../core/contract.ts';
import { createIdentity, type Identity, type Session } from '../../../core/identity/identity.ts';
import { createTestClock, type TestClock } from '../../kit/clock.ts';
import { quietLog } from '../../kit/postgres.ts';
import { openTestState, type TestState } from '../../kit/state.ts';

export const MINUTE = 60_000;
export const DAY = 24 * 60 * MINUTE;
export const password = new Secret('correct horse battery');
export const address = '192.0.2.1';

export interface Opened extends AsyncDisposable {
  readonly identity: Identity;
  readonly test: TestState;
  readonly clock: TestClock;
  /** What the audit says happened, oldest first. */
  noted(): Promise<string[]>;
  /** A hub of its own on the same database. */
  another(): Promise<Identity>;
}

export async function openIdentity(): Promise<Opened> {
  await using undo = new AsyncDisposableStack();
  const test = undo.use(await openTestState());
  const clock = createTestClock();
  const hub = async ({ state, dataDir }: Pick<TestState, 'state' | 'dataDir'>) => {
    const audit = await createAudit({ state, dataDir, clock, log: quietLog });
    opened.defer(() => audit.close());
    const identity = await createIdentity({ state, dataDir, clock, log: quietLog, audit });
    opened.defer(() => identity.close());
    return { audit, identity };
  };
  const opened = undo.move();
  const { audit, identity } = await hub(test);
  return {
    identity,
    test,
    clock,
    noted: async () => (await audit.list({ rowsMax: 500 })).map(({ action }) => action).toReversed(),
    another: async () => (await hub(await test.another())).identity,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

export const ann = (identity: Identity, role: Role = 'operator'): Promise<Actor> =>
  identity.createUser({ name: 'ann', displayName: 'Ann', role, tenant: 'a', password });
export const signIn = (identity: Identity, text = password.reveal(), name = 'ann'): Promise<Session> =>
  identity.signIn({ name, password: new Secret(text), address });
