import { definePlugin } from 'novacron/plugin';
import { z } from 'zod';
import { openSandbox, type RunningSandbox } from './open-sandbox.ts';
import { Sandbox, type SandboxApp } from './port.ts';

const config = z.object({
  port: z.int().min(0).max(65_535).default(7781).meta({ description: 'Port of the chat page on 127.0.0.1; 0: any free one.' }),
  host: z.string().default('127.0.0.1').meta({ description: 'A loopback address; anything else is refused.' }),
});

/** A local chat workspace with a page, for when no real Slack is configured. */
export default definePlugin({ name: 'sandbox', api: 1, config, needs: {}, provides: { sandbox: Sandbox } }, () => ({
  start({ config, clock, log, defer }) {
    let opened: Promise<RunningSandbox> | undefined;
    const open = async (app: SandboxApp): Promise<RunningSandbox> => {
      opened ??= openSandbox({ ...config, clock, log }, app);
      try {
        return await opened;
      } catch (error) {
        // The next call may find the port free.
        opened = undefined;
        throw error;
      }
    };
    defer(async () => (await opened)?.close());
    return { sandbox: { open } };
  },
}));
