import { bindingNames, findEntry } from './names.ts';
import type { ParsedProgram } from './parse.ts';

/**
 * The variables that a function declares directly in its body, in order; not its parameters, and not those of
 * loops and blocks, which do not live until it returns.
 */
export function bodyVariables({ ast }: ParsedProgram, entry: string): string[] {
  const body = findEntry(ast, entry)?.body;
  if (body?.type !== 'BlockStatement') return [];
  return body.body.flatMap((statement) =>
    statement.type === 'VariableDeclaration'
      ? statement.declarations.flatMap(({ id }) => bindingNames(id))
      : [],
  );
}
