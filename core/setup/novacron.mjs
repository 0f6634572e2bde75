#!/usr/bin/env node
// `npx novacron …`: the command line, on the Node of the project.
import { main } from './bootstrap.mjs';

await main(['novacron', ...process.argv.slice(2)]);
