import type {
  AnyNode,
  ArrowFunctionExpression,
  FunctionDeclaration,
  FunctionExpression,
  Program,
} from 'acorn';
import { isFunction } from './visit.ts';

export type FunctionNode = FunctionDeclaration | FunctionExpression | ArrowFunctionExpression;

/** The names that a pattern binds, in source order. */
export function bindingNames(pattern: AnyNode): string[] {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern.name];
    case 'ObjectPattern':
      return pattern.properties.flatMap((property) =>
        bindingNames(property.type === 'RestElement' ? property.argument : property.value),
      );
    case 'ArrayPattern':
      return pattern.elements.flatMap((element) => (element ? bindingNames(element) : []));
    case 'AssignmentPattern':
      return bindingNames(pattern.left);
    case 'RestElement':
      return bindingNames(pattern.argument);
    default:
      return [];
  }
}

/** The variables that an assignment to `target` changes: names bound, and roots of members written. */
export function targetNames(target: AnyNode): string[] {
  switch (target.type) {
    case 'ObjectPattern':
      return unique(
        target.properties.flatMap((property) =>
          targetNames(property.type === 'RestElement' ? property.argument : property.value),
        ),
      );
    case 'ArrayPattern':
      return unique(target.elements.flatMap((element) => (element ? targetNames(element) : [])));
    case 'AssignmentPattern':
      return targetNames(target.left);
    case 'RestElement':
      return targetNames(target.argument);
    default: {
      const name = rootName(target);
      return name ? [name] : [];
    }
  }
}

/** `b` for `b`, `b[i]`, `b.c[0]`; undefined when the root is not a variable. */
export function rootName(node: AnyNode): string | undefined {
  let root = node;
  while (root.type === 'MemberExpression' || root.type === 'ChainExpression') {
    root = root.type === 'MemberExpression' ? root.object : root.expression;
  }
  return root.type === 'Identifier' ? root.name : undefined;
}

/** The function that a call of `name` reaches: the last top-level definition of it. */
export function findEntry(program: Program, name: string): FunctionNode | undefined {
  let entry: FunctionNode | undefined;
  const take = (target: AnyNode, value: AnyNode | null | undefined) => {
    if (value && isFunction(value) && target.type === 'Identifier' && target.name === name)
      entry = value as FunctionNode;
  };
  for (const statement of program.body) {
    if (statement.type === 'FunctionDeclaration') take(statement.id, statement);
    else if (statement.type === 'VariableDeclaration') {
      for (const { id, init } of statement.declarations) take(id, init);
    } else if (
      statement.type === 'ExpressionStatement' &&
      statement.expression.type === 'AssignmentExpression'
    ) {
      take(statement.expression.left, statement.expression.right);
    }
  }
  return entry;
}

function unique(names: string[]): string[] {
  return [...new Set(names)];
}
