import { bindingNames, findEntry } from './names.ts';
import type { ParsedProgram } from './parse.ts';
import { descendants } from './visit.ts';

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

/** The {@link functionVariables} that a call gives a value: parameters only where they are assigned to somewhere. */
export function definedVariables(parsed: ParsedProgram, entry: string): string[] {
  const parameters = new Set(findEntry(parsed.ast, entry)?.params.flatMap(bindingNames));
  const assigned = new Set<string>();
  for (const { node } of descendants(parsed.ast)) {
    if (node.type === 'AssignmentExpression') for (const name of bindingNames(node.left)) assigned.add(name);
    if (node.type === 'UpdateExpression' && node.argument.type === 'Identifier')
      assigned.add(node.argument.name);
  }
  return functionVariables(parsed, entry).filter((name) => !parameters.has(name) || assigned.has(name));
}
