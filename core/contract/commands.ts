/** What a command of the command line gets that a plugin brings. */
export interface CommandContext {
  readonly env: NodeJS.ProcessEnv;
  /** Folder of plugins.json and of package.json. */
  readonly projectDir: string;
  /** Fires at Ctrl-C. */
  readonly signal: AbortSignal;
  /** Prints a line. */
  say(line: string): void;
  /** Where the hub is, and a token to speak to it: from the environment, else of the hub of this data folder. HubError `hub_unreachable`. */
  hub(): Promise<{ readonly url: string; readonly token: string }>;
}

/** A command that runs on the caller's machine and needs no hub; what the hub does is an action instead. */
export interface Command {
  /** `kernel install [--prefix DIR]`. */
  readonly usage: string;
  readonly help: string;
  /** Resolves to an exit code. HubError `cli_usage` for wrong words. */
  run(words: readonly string[], context: CommandContext): Promise<number>;
}

/** What `cli.ts` beside a plugin's index.ts exports as `commands`: by their first two words, `kernel install`. */
export type Commands = Readonly<Record<string, Command>>;
