import type { Program } from 'acorn';
import { descendants } from './visit.ts';

const DECISIONS = new Set([
  'IfStatement',
  'ConditionalExpression',
  'ForStatement',
  'ForInStatement',
  'ForOfStatement',
  'WhileStatement',
  'DoWhileStatement',
  'CatchClause',
  'LogicalExpression',
]);
const LOGICAL_ASSIGNMENTS = new Set(['&&=', '||=', '??=']);

/** McCabe's cyclomatic complexity of a whole program: one, and one more for each place where control can fork. */
export function cyclomaticComplexity(ast: Program): number {
  let complexity = 1;
  for (const { node } of descendants(ast)) {
    if (DECISIONS.has(node.type)) complexity++;
    else if (node.type === 'SwitchCase' && node.test) complexity++;
    else if (node.type === 'AssignmentExpression' && LOGICAL_ASSIGNMENTS.has(node.operator)) complexity++;
  }
  return complexity;
}
