import type { AnyNode, AssignmentExpression, CallExpression, LogicalExpression } from 'acorn';
import { callChanges, chainCalls, isAnonymousFunction } from './effects.ts';
import type { TracePoint } from './instrument.ts';
import { rootName, targetNames } from './names.ts';
import type { Recorder } from './recorder.ts';
import { children } from './visit.ts';

type Open = (name: string, kind: TracePoint['kind']) => void;

/** Wraps expressions so that they record what they define and count how conditions come out. */
export class ExpressionRewriter {
  readonly #recorder: Recorder;
  readonly #visit: (node: AnyNode) => void;
  /** Calls that may not be wrapped, as a `?.` before them skips them. */
  readonly #inChain = new Set<AnyNode>();

  /** @param visit rewrites a node of any kind, such as those inside an expression */
  constructor(recorder: Recorder, visit: (node: AnyNode) => void) {
    this.#recorder = recorder;
    this.#visit = visit;
  }

  visitChildren(node: AnyNode): void {
    for (const child of children(node)) this.#visit(child);
  }

  /** An expression inside the entry function. */
  visit(node: AnyNode): void {
    switch (node.type) {
      case 'AssignmentExpression':
        this.#assignment(node);
        return;
      case 'UpdateExpression': {
        const name = rootName(node.argument);
        const isValue = node.prefix && node.argument.type === 'Identifier';
        if (name) this.#wrapWith(node, (open) => open(name, 'define'), isValue);
        else this.visitChildren(node);
        return;
      }
      case 'UnaryExpression': {
        const name = node.operator === 'delete' ? rootName(node.argument) : undefined;
        if (name) this.#wrapWith(node, (open) => open(name, 'define'));
        else this.visitChildren(node);
        return;
      }
      case 'ChainExpression': {
        const calls = chainCalls(node);
        for (const call of calls) this.#inChain.add(call);
        const names = new Set(calls.flatMap((call) => this.#ownChanges(call)));
        this.#wrapWith(node, (open) => {
          for (const name of names) open(name, 'maybe');
        });
        return;
      }
      case 'CallExpression':
        if (this.#inChain.has(node)) this.visitChildren(node);
        else this.#call(node);
        return;
      default:
        this.visitChildren(node);
    }
  }

  /** Counts how the test of a branch or a loop came out. A counter just raised is true. */
  test(test: AnyNode): void {
    const id = this.#recorder.condition(test);
    this.#recorder.insert(test.start, '((');
    this.#visit(test);
    this.#recorder.insert(test.end, `)?++__H[${id}]:!++__H[${id + 1}])`);
  }

  /** Counts the operands that decide a chain of one logical operator: all but the last. */
  logical(node: LogicalExpression): void {
    const operands: AnyNode[] = [node.right];
    let left: AnyNode = node.left;
    // Not by recursion: nested calls, one an operand, could be too deep for the engine's parser.
    for (; left.type === 'LogicalExpression' && left.operator === node.operator; left = left.left)
      operands.push(left.right);
    operands.push(left);
    for (const [i, operand] of operands.reverse().entries()) {
      const decides = i < operands.length - 1;
      if (decides) {
        const count = node.operator === '??' ? '__n' : '__c';
        this.#recorder.insert(operand.start, `${count}(${this.#recorder.condition(operand)},(`);
      }
      this.#visit(operand);
      if (decides) this.#recorder.insert(operand.end, '))');
    }
  }

  /** Records `name` with the value of `node` as it is computed. */
  wrapValue(node: AnyNode, name: string, line: number): void {
    const sequence = node.type === 'SequenceExpression';
    const id = this.#recorder.point(name, 'define', line);
    this.#recorder.insert(node.start, `__d(${id},${this.#recorder.frame},${sequence ? '(' : ''}`);
    this.#visit(node);
    this.#recorder.insert(node.end, sequence ? '))' : ')');
  }

  /** Wraps the value that the entry function returns, recording what its variables then hold. */
  wrapEnd(node: AnyNode, names: string[], line: number): void {
    const recorder = this.#recorder;
    const opens = names.map((name) => `__u(${-recorder.point(name, 'end', line)},${recorder.frame},`);
    recorder.insert(node.start, `${opens.join('')}(`);
    this.#visit(node);
    const closes = names.map((name) => `,${name})`).reverse();
    recorder.insert(node.end, `)${closes.join('')}`);
  }

  #assignment(node: AssignmentExpression): void {
    const { left, operator, right } = node;
    const logical = operator === '&&=' || operator === '||=' || operator === '??=';
    if (left.type !== 'Identifier') {
      const names = targetNames(left);
      this.#wrapWith(node, (open) => {
        for (const name of names) open(name, logical ? 'maybe' : 'define');
      });
    } else if (!logical) this.#wrapWith(node, (open) => open(left.name, 'define'), true);
    else if (isAnonymousFunction(right)) this.#visit(right);
    else this.wrapValue(right, left.name, this.#recorder.line(node.start));
  }

  #call(node: CallExpression): void {
    const { scopes } = this.#recorder;
    const changed = callChanges(node);
    this.#wrapWith(node, (open) => {
      for (const [name, effect] of changed)
        if (effect === 'define' || scopes.owner(name) === 'entry') open(name, effect);
    });
  }

  /** Variables of the entry function that a call may change. */
  #ownChanges(call: CallExpression): string[] {
    const { scopes } = this.#recorder;
    return [...callChanges(call).keys()].filter((name) => scopes.owner(name) === 'entry');
  }

  /** Wraps an expression in one recording call a name; `isValue` when the expression's value is the name's. */
  #wrapWith(node: AnyNode, each: (open: Open) => void, isValue = false): void {
    const recorder = this.#recorder;
    const closes: string[] = [];
    each((name, kind) => {
      const id = recorder.point(name, kind, recorder.line(node.start));
      recorder.insert(node.start, `${isValue ? '__d' : '__u'}(${id},${recorder.frame},`);
      closes.unshift(isValue ? ')' : `,${name})`);
    });
    this.visitChildren(node);
    recorder.insert(node.end, closes.join(''));
  }
}
