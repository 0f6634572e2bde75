/**
 * The contract, imported as `novacron/plugin`: all that a plugin or a bot may know of the core.
 * It has no runtime dependency. This file is the package's one public entry, hence the re-exports.
 */
export * from './contract/alerts.ts';
export * from './contract/commands.ts';
export * from './contract/declare.ts';
export * from './contract/duties.ts';
export * from './contract/errors.ts';
export * from './contract/jobs.ts';
export * from './contract/metrics.ts';
export * from './contract/schema.ts';
export * from './contract/secret.ts';
export * from './contract/services.ts';
export * from './contract/shown.ts';
export * from './contract/things.ts';
