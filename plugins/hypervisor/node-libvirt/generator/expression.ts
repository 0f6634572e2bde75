/** Evaluates the constant expressions of C headers: numbers, names of earlier constants, `<<`, `|`, `+`, `-` and parentheses. */
export function evaluate(expression: string, known: ReadonlyMap<string, number>): number {
  const tokens = expression.match(/0x[0-9a-fA-F]+|\d+|[A-Za-z_]\w*|<<|[|()+-]/g) ?? [];
  let at = 0;

  function primary(): number {
    const token = tokens[at++];
    if (token === '(') {
      const value = or();
      if (tokens[at++] !== ')') throw new Error(`Unbalanced parentheses in "${expression}".`);
      return value;
    }
    if (token === '-') return -primary();
    if (token === undefined) throw new Error(`"${expression}" ends too early.`);
    if (/^\d/.test(token)) {
      if (/^[UuLl]+$/.test(tokens[at] ?? '')) at++;
      return Number(token);
    }
    const value = known.get(token);
    if (value === undefined) throw new Error(`"${token}" in "${expression}" is not a known constant.`);
    return value;
  }

  function sum(): number {
    let value = primary();
    while (tokens[at] === '+' || tokens[at] === '-') value = tokens[at++] === '+' ? value + primary() : value - primary();
    return value;
  }

  function shift(): number {
    let value = sum();
    while (tokens[at] === '<<') {
      at++;
      value *= 2 ** sum();
    }
    return value;
  }

  function or(): number {
    let value = shift();
    while (tokens[at] === '|') {
      at++;
      value = Number(BigInt(value) | BigInt(shift()));
    }
    return value;
  }

  const value = or();
  if (at !== tokens.length) throw new Error(`"${expression}" has something after its end.`);
  return value;
}
