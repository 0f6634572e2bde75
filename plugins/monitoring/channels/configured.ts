import type { Clock } from 'novacron/plugin';
import type { IncidentsConfig } from '../incidents/config.ts';
import type { Channel } from '../port.ts';
import { createAlertmanager } from './alertmanager.ts';
import { createEmail } from './email.ts';
import { createWebhook } from './webhook.ts';

/** The channels that the config makes; others come from plugins and bots. */
export const configuredChannels = ({ email, webhooks, alertmanagers }: IncidentsConfig, clock: Clock): readonly Channel[] => [
  ...(email ? [createEmail(email)] : []),
  ...(Object.keys(webhooks).length > 0 ? [createWebhook(webhooks, clock)] : []),
  ...(Object.keys(alertmanagers).length > 0 ? [createAlertmanager(alertmanagers, clock)] : []),
];
