import type { AnyNode } from 'acorn';
import { CHILD_FIELDS } from './child_fields.ts';

/** The child nodes of a syntax node, roughly in source order. */
export function children(node: AnyNode): AnyNode[] {
  const found: AnyNode[] = [];
  const fields = node as unknown as Record<string, AnyNode | (AnyNode | null)[] | null | undefined>;
  for (const name of CHILD_FIELDS[node.type]) {
    const field = fields[name];
    if (!field) continue;
    if (!Array.isArray(field)) found.push(field);
    else for (const item of field) if (item) found.push(item);
  }
  return found;
}

/** A node with its distance from the root and the node that holds it. */
export interface Visit {
  node: AnyNode;
  parent: AnyNode | undefined;
  depth: number;
}

/** Every node under `root`, without recursion so that no program is too deep for it. */
export function* descendants(root: AnyNode): Generator<Visit> {
  const stack: Visit[] = [{ node: root, parent: undefined, depth: 0 }];
  for (let visit = stack.pop(); visit; visit = stack.pop()) {
    yield visit;
    for (const child of children(visit.node)) {
      stack.push({ node: child, parent: visit.node, depth: visit.depth + 1 });
    }
  }
}

/** Whether a node is a function of any form. */
export function isFunction(
  node: AnyNode,
): node is Extract<
  AnyNode,
  { type: 'FunctionDeclaration' | 'FunctionExpression' | 'ArrowFunctionExpression' }
> {
  return (
    node.type === 'FunctionDeclaration' ||
    node.type === 'FunctionExpression' ||
    node.type === 'ArrowFunctionExpression'
  );
}
