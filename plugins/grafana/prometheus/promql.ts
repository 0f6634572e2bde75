/** A PromQL expression as a tree of our own: what the evaluation knows, and nothing else. */
export type Expression =
  | { readonly is: 'number'; readonly value: number }
  | { readonly is: 'string'; readonly value: string }
  | Selector
  | { readonly is: 'range'; readonly selector: Selector; readonly windowMs: number }
  | { readonly is: 'call'; readonly name: string; readonly args: readonly Expression[] }
  | Aggregation
  | Binary
  | { readonly is: 'negate'; readonly of: Expression };

export interface Selector {
  readonly is: 'selector';
  readonly matchers: readonly Matcher[];
  readonly offsetMs: number;
  /** `@`: epoch milliseconds, or the start or end of the query. */
  readonly at: number | 'start' | 'end' | null;
}

export interface Matcher {
  readonly label: string;
  readonly op: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}

export interface Aggregation {
  readonly is: 'aggregate';
  readonly op: string;
  /** `by` keeps the labels, `without` all others. */
  readonly grouping: 'by' | 'without';
  readonly labels: readonly string[];
  readonly parameter: Expression | null;
  readonly of: Expression;
}

export interface Binary {
  readonly is: 'binary';
  readonly op: string;
  readonly left: Expression;
  readonly right: Expression;
  /** `bool`: a comparison answers 0 or 1 instead of filtering. */
  readonly isBool: boolean;
  readonly matching: Matching | null;
}

export interface Matching {
  readonly is: 'on' | 'ignoring';
  readonly labels: readonly string[];
  /** The side that may have many series for one of the other. */
  readonly many: 'left' | 'right' | null;
  /** Labels that the many take from the one. */
  readonly include: readonly string[];
}
