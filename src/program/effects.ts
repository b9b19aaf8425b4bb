import type { AnyNode, CallExpression, ChainExpression } from 'acorn';
import { rootName } from './names.ts';
import { isFunction } from './visit.ts';

/** Array methods that change their receiver. */
const MUTATORS = new Set([
  'push',
  'pop',
  'shift',
  'unshift',
  'splice',
  'sort',
  'reverse',
  'fill',
  'copyWithin',
]);

/** Callees that leave their arguments as they are. */
const PURE = new Set([
  'Math',
  'String',
  'Number',
  'Boolean',
  'Array',
  'JSON',
  'BigInt',
  'Symbol',
  'parseInt',
  'parseFloat',
  'isNaN',
  'isFinite',
  'Set',
  'Map',
]);

/** What a call does to a variable's value: surely changes it in place, or could. */
export type Effect = 'define' | 'maybe';

/** Names whose arrays a call may change, the receiver of a mutating method first. */
export function callChanges({ callee, arguments: list }: CallExpression): Map<string, Effect> {
  const changed = new Map<string, Effect>();
  if (callee.type === 'MemberExpression') {
    const method =
      !callee.computed && callee.property.type === 'Identifier'
        ? callee.property.name
        : callee.property.type === 'Literal'
          ? String(callee.property.value)
          : '';
    const receiver = rootName(callee.object);
    if (receiver && MUTATORS.has(method)) changed.set(receiver, 'define');
    if (receiver !== 'Object' && receiver !== 'Reflect' && method !== 'call' && method !== 'apply')
      return changed;
  } else if (callee.type !== 'Identifier' || PURE.has(callee.name)) return changed;
  for (const argument of list) {
    if (argument.type === 'Identifier' && !changed.has(argument.name)) changed.set(argument.name, 'maybe');
  }
  return changed;
}

/** The calls along an optional chain, last first. */
export function chainCalls(chain: ChainExpression): CallExpression[] {
  const calls: CallExpression[] = [];
  for (let link: AnyNode = chain.expression; ; ) {
    if (link.type === 'CallExpression') {
      calls.push(link);
      link = link.callee;
    } else if (link.type === 'MemberExpression') link = link.object;
    else return calls;
  }
}

/** A function or class that takes its name from the variable it is assigned to, and would lose it if wrapped. */
export function isAnonymousFunction(node: AnyNode): boolean {
  return (isFunction(node) || node.type === 'ClassExpression') && !node.id;
}
