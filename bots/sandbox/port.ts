import { defineService, type Role, type Secret } from 'novacron/plugin';

/** A person who is prepared in the sandbox's workspace. */
export interface SandboxUser {
  /** `U0ADMIN` */
  readonly chatUserId: string;
  /** Name of the hub user to link: `admin`. */
  readonly name: string;
  readonly displayName: string;
  readonly role: Role;
}

/** One line of slash-command completion. */
export interface Completion {
  /** What the line becomes when it is chosen: `vm create `. */
  readonly words: string;
  readonly title: string;
}

/** What an app's manifest says to Slack, as far as the sandbox shows it. */
export interface SandboxApp {
  readonly name: string;
  readonly commands: readonly { readonly command: string; readonly description: string; readonly usageHint: string }[];
  /** Completes the words after the command. At most 20 lines are shown. Absent: only command names are completed. */
  complete?(words: string, chatUserId: string): Promise<readonly Completion[]>;
}

export interface OpenSandbox {
  /** For `slackApiUrl`: ends in `/api/`. */
  readonly apiUrl: string;
  /** Team id. */
  readonly workspace: string;
  readonly botToken: Secret;
  readonly appToken: Secret;
  /** The chat page, with its key. */
  readonly pageUrl: string;
  readonly users: readonly SandboxUser[];
}

/**
 * A local workspace that speaks Slack's Web API and Socket Mode. It starts nothing until it is opened; opening it again answers the same.
 * Errors: `sandbox_port_taken` (another program listens there), `sandbox_not_loopback`.
 */
export interface Sandbox {
  open(app: SandboxApp): Promise<OpenSandbox>;
}
export const Sandbox = defineService<Sandbox>('sandbox');
