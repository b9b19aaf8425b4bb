import { bindingNames, findEntry } from './names.ts';
import type { ParsedProgram } from './parse.ts';

/**
 * The variables that live as long as a call of a function: its parameters and what it declares directly in its
 * body, in order; not those of loops and blocks.
 */
export function functionVariables({ ast }: ParsedProgram, entry: string): string[] {
  const found = findEntry(ast, entry);
  if (!found) return [];
  const parameters = found.params.flatMap(bindingNames);
  if (found.body.type !== 'BlockStatement') return parameters;
  const declared = found.body.body.flatMap((statement) =>
    statement.type === 'VariableDeclaration'
      ? statement.declarations.flatMap(({ id }) => bindingNames(id))
      : [],
  );
  return [...new Set([...parameters, ...declared])];
}
