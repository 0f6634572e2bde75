import type { Commands } from 'novacron/plugin';
import { provisionCommand } from './provision.ts';

export const commands: Commands = { 'grafana provision': provisionCommand };
