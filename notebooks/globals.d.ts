/** Shows a value now, as the last expression of a cell would be; or representations by media type as they are. */
declare const display: (value: unknown, metadata?: Readonly<Record<string, unknown>>) => Promise<void>;
