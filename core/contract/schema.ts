/** What the contract asks of a schema library: Standard Schema (validate) and Standard JSON Schema. zod 4 fulfils both. */
export interface Schema<In = unknown, Out = In> {
  readonly '~standard': {
    readonly types?: { readonly input: In; readonly output: Out } | undefined;
    validate(value: unknown): ValidateResult<Out> | Promise<ValidateResult<Out>>;
    readonly jsonSchema: {
      /** What a caller sends: a field with a default is optional. */
      input(options: { target: 'draft-2020-12' }): Record<string, unknown>;
      /** What comes out of validation: a field with a default is always there. */
      output(options: { target: 'draft-2020-12' }): Record<string, unknown>;
    };
  };
}

export interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

export type ValidateResult<Out> = { readonly value: Out; readonly issues?: undefined } | { readonly issues: readonly Issue[] };

// `any` only inside the contract: inference through two type parameters needs a bound that every schema fits.
export type AnySchema = Schema<any, any>;
export type InputOf<S> = S extends Schema<infer In, any> ? In : never;
export type OutputOf<S> = S extends Schema<any, infer Out> ? Out : never;

/** A value that survives JSON unchanged. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
