import { useQueryClient } from '@tanstack/react-query';
import type { ActionDescription, Confirmation, Job, View } from 'novacron/plugin';
import { useCallback, useRef, useState } from 'react';
import { Problem } from './api.ts';
import { withJob } from './live.tsx';
import { useSession } from './session.tsx';

/** Where one call of an action stands. */
export type Stage =
  | { readonly is: 'form'; readonly problem: Problem | null }
  | { readonly is: 'busy' }
  | { readonly is: 'confirm'; readonly confirmation: Confirmation }
  | { readonly is: 'job'; readonly id: string }
  | { readonly is: 'done'; readonly view: View };

export interface CallTools {
  readonly stage: Stage;
  send(input: object): void;
  confirm(confirmation: Confirmation): void;
  decline(confirmation: Confirmation): void;
  /** The same call once more. */
  again(): void;
  reset(): void;
}

type Answer = { readonly view: View } | { readonly job: Job };

/** Sends an action through the hub: at once, after a question, or as a job. */
export function useCall(action: ActionDescription): CallTools {
  const { ask } = useSession();
  const queries = useQueryClient();
  const [stage, setStage] = useState<Stage>({ is: 'form', problem: null });

  const follow = useCallback(
    async (asked: () => Promise<Answer>) => {
      setStage({ is: 'busy' });
      try {
        const answer = await asked();
        if ('job' in answer) queries.setQueryData<readonly Job[]>(['jobs'], (jobs) => withJob(jobs ?? [], answer.job));
        setStage('job' in answer ? { is: 'job', id: answer.job.id } : { is: 'done', view: answer.view });
      } catch (error) {
        const problem = toProblem(error);
        const confirmation = problem.body['confirmation'] as Confirmation | undefined;
        setStage(confirmation === undefined ? { is: 'form', problem } : { is: 'confirm', confirmation });
      }
    },
    [queries],
  );

  const last = useRef<object>({});
  const send = (input: object): void => {
    last.current = input;
    // One key a press: a press that reached the hub twice is one job.
    const headers = { 'idempotency-key': crypto.randomUUID() };
    void follow(() => ask<Answer>(`/actions/${action.id}`, { method: 'POST', body: input, headers }));
  };
  const pathOf = ({ token }: Confirmation): string => `/confirmations/${encodeURIComponent(token)}`;
  const confirm = (confirmation: Confirmation): void => void follow(() => ask<Answer>(pathOf(confirmation), { method: 'POST' }));
  const decline = (confirmation: Confirmation): void => {
    // Whether it was withdrawn or had expired already: it is gone.
    void ask(pathOf(confirmation), { method: 'DELETE' }).catch(() => undefined);
    setStage({ is: 'form', problem: null });
  };
  return { stage, send, again: () => send(last.current), confirm, decline, reset: () => setStage({ is: 'form', problem: null }) };
}

const toProblem = (error: unknown): Problem =>
  error instanceof Problem
    ? error
    : new Problem({ code: 'page_error', status: 0, detail: error instanceof Error ? error.message : String(error) });
