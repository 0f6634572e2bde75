import { getBackendSrv, isFetchError } from '@grafana/runtime';
import { lastValueFrom } from 'rxjs';

/** What the hub answers when a person must confirm first. */
export interface Confirmation {
  readonly token: string;
  readonly title: string;
  readonly risk: string;
  readonly by: 'actor' | 'second-person';
  readonly plan: { readonly sentences: readonly string[] };
}

export interface Card {
  readonly title: string;
  readonly subtitle?: string;
  readonly state?: { readonly text: string; readonly tone: string };
  readonly fields: readonly { readonly label: string; readonly value: string }[];
  readonly actions: readonly string[];
}

export interface ActionInfo {
  readonly id: string;
  readonly label: string;
  readonly risk: 'read' | 'change' | 'disrupt' | 'destroy';
  readonly fields: readonly { readonly name: string; readonly required: boolean }[];
}

export interface Job {
  readonly id: string;
  readonly state: { readonly is: string; readonly failure?: { readonly message: string } };
}

export type Called =
  | { readonly is: 'confirm'; readonly confirmation: Confirmation }
  | { readonly is: 'job'; readonly job: Job }
  | { readonly is: 'done' };

interface Problem {
  readonly detail?: string;
  readonly code?: string;
  readonly confirmation?: Confirmation;
}

const WAIT_SECONDS = 20;

/** What a failed request says: the hub's own sentence where there is one. */
export function messageOf(error: unknown): string {
  if (!isFetchError<Problem>(error)) return error instanceof Error ? error.message : String(error);
  return error.data?.detail ?? error.statusText ?? `The hub answered ${error.status}.`;
}

/** The hub's HTTP interface, through Grafana's proxy: the token stays on Grafana's server. */
export class HubClient {
  readonly #base: string;

  constructor(dataSourceUrl: string) {
    this.#base = `${dataSourceUrl}/hub/api/v1`;
  }

  url(path: string): string {
    return `${this.#base}${path}`;
  }

  async get<T>(path: string, params: Record<string, unknown> = {}): Promise<T> {
    const request = { url: this.url(path), method: 'GET', params, showErrorAlert: false };
    return (await lastValueFrom(getBackendSrv().fetch<T>(request))).data;
  }

  async post<T>(path: string, data: unknown = {}): Promise<T> {
    const request = { url: this.url(path), method: 'POST', data, showErrorAlert: false };
    return (await lastValueFrom(getBackendSrv().fetch<T>(request))).data;
  }

  card(kind: string, id: string): Promise<{ card: Card }> {
    return this.get(`/resources/${encodeURIComponent(kind)}/${encodeURIComponent(id)}`);
  }

  async actions(): Promise<readonly ActionInfo[]> {
    return (await this.get<{ actions: readonly ActionInfo[] }>('/actions')).actions;
  }

  /** Calls an action; the hub may ask for a confirmation first. */
  async call(action: string, input: unknown): Promise<Called> {
    try {
      return ended(await this.post(`/actions/${action}?wait=${WAIT_SECONDS}`, input));
    } catch (error) {
      const confirmation = isFetchError<Problem>(error) ? error.data?.confirmation : undefined;
      if (confirmation === undefined) throw error;
      return { is: 'confirm', confirmation };
    }
  }

  /** What a person said yes to. */
  async confirm({ token }: Confirmation): Promise<Called> {
    return ended(await this.post(`/confirmations/${encodeURIComponent(token)}?wait=${WAIT_SECONDS}`));
  }
}

const ended = ({ job }: { readonly job?: Job }): Called => (job === undefined ? { is: 'done' } : { is: 'job', job });
