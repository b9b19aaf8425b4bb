import type {
  AnyNode,
  ArrowFunctionExpression,
  AssignmentExpression,
  BlockStatement,
  ChainExpression,
  FunctionDeclaration,
  FunctionExpression,
  LogicalExpression,
  Statement,
  VariableDeclaration,
} from 'acorn';
import { Insertions } from './insertions.ts';
import { bindingNames, type FunctionNode, findEntry, rootName, targetNames } from './names.ts';
import type { ParsedProgram } from './parse.ts';
import { Scopes } from './scopes.ts';
import { children, isFunction } from './visit.ts';

/** One place of the source that records a variable. Its number in the trace is its index here. */
export interface TracePoint {
  line: number;
  name: string;
  /**
   * `parameter`: a value at the call; `define`: a value given; `maybe`: a value that a call may have changed in
   * place; `end`: a value when the function returned.
   */
  kind: 'parameter' | 'define' | 'maybe' | 'end';
  /** True when the variable is declared by the entry function itself, not by a callback in it or outside. */
  own: boolean;
}

/** One counter of how often something happened. Its number is its index; counter 0 is not one. */
export interface Counter {
  /** A condition has two counters, `true` and then `false`. */
  kind: 'statement' | 'true' | 'false' | 'turn';
  line: number;
  column: number;
}

/** A program rewritten to record what it does; see {@link instrument}. */
export interface InstrumentedProgram {
  code: string;
  points: TracePoint[];
  counters: Counter[];
}

/** Whether to record variables where they are named as changed, or to compare all after each statement too. */
export type TraceMode = 'delta' | 'full';

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

/** Statements after which nothing runs in their list. */
const LEAVES = new Set(['ReturnStatement', 'ThrowStatement', 'BreakStatement', 'ContinueStatement']);

/**
 * Rewrites a program so that it records every definition made in its entry function (callbacks inside it
 * included, helpers outside it not) and counts every statement, condition and loop turn anywhere.
 *
 * Text is only inserted and never a line break, so the engine's line numbers stay those of the source. Inserted
 * code reads names only where they are initialised and keeps every value, `this` and evaluation order, so the
 * program behaves as before. The names that it uses, in the engine: `__H` counters (slot 0: the statement last
 * reached), `__c(id, value)` and `__n(id, value)` count whether a value is true, or not nullish, and return it,
 * `__e()` numbers the activations of the entry function, `__d(id, frame, value)` records and returns a value,
 * `__u(id, frame, result, value)` records a value and returns the result, `__w(slot, id, frame, value)` records
 * a value that changed since the last look at it.
 */
export function instrument(
  program: ParsedProgram,
  entry: string,
  mode: TraceMode = 'delta',
): InstrumentedProgram {
  const writer = new Instrumenter(program, findEntry(program.ast, entry), mode);
  return { code: writer.run(), points: writer.points, counters: writer.counters };
}

class Instrumenter {
  readonly points: TracePoint[] = [];
  readonly counters: Counter[] = [{ kind: 'statement', line: 0, column: 0 }];
  readonly #mode: TraceMode;
  /** In full mode, each variable's number. */
  readonly #slots = new Map<string, number>();
  readonly #program: ParsedProgram;
  readonly #entry: FunctionNode | undefined;
  readonly #text = new Insertions();
  readonly #scopes = new Scopes();
  /** The function being visited: outside the entry, the entry itself, or a function inside it. */
  #where: 'outside' | 'entry' | 'inner' = 'outside';
  #frame = '__k';
  /** Calls that may not be wrapped, as a `?.` before them skips them. */
  readonly #inChain = new Set<AnyNode>();

  constructor(program: ParsedProgram, entry: FunctionNode | undefined, mode: TraceMode) {
    this.#program = program;
    this.#entry = entry;
    this.#mode = mode;
  }

  run(): string {
    const { ast, code } = this.#program;
    this.#scopes.within('outside', ast, () => {
      for (const statement of ast.body) this.#visit(statement);
    });
    return this.#text.apply(code);
  }

  #visit(node: AnyNode): void {
    if (isFunction(node)) {
      this.#function(node as FunctionNode);
      return;
    }
    switch (node.type) {
      case 'BlockStatement':
        this.#scopes.within(this.#owner, node, () => this.#statements(node.body));
        return;
      case 'StaticBlock':
        this.#scopes.within(this.#owner, node, () => this.#statements(node.body));
        return;
      case 'SwitchStatement':
        this.#visit(node.discriminant);
        this.#scopes.within(this.#owner, node, () => {
          for (const branch of node.cases) {
            if (branch.test) this.#visit(branch.test);
            this.#statements(branch.consequent);
          }
        });
        return;
      case 'IfStatement':
        this.#test(node.test);
        this.#body(node.consequent);
        if (node.alternate) this.#body(node.alternate);
        return;
      case 'ForStatement':
        this.#scopes.within(this.#owner, node, () => {
          if (node.init) this.#visit(node.init);
          if (node.test) this.#test(node.test);
          if (node.update) this.#visit(node.update);
          this.#loopBody(node);
        });
        return;
      case 'ForOfStatement':
      case 'ForInStatement':
        this.#forEach(node);
        return;
      case 'WhileStatement':
        this.#test(node.test);
        this.#loopBody(node);
        return;
      case 'DoWhileStatement':
        this.#loopBody(node);
        this.#test(node.test);
        return;
      case 'ConditionalExpression':
        this.#test(node.test);
        this.#visit(node.consequent);
        this.#visit(node.alternate);
        return;
      case 'LogicalExpression':
        this.#logical(node);
        return;
      case 'LabeledStatement':
        // Nothing may come between a label and its loop.
        this.#visit(node.body);
        return;
      case 'CatchClause':
        this.#scopes.within(this.#owner, node, () => {
          const names = node.param ? bindingNames(node.param) : [];
          if (node.param) this.#visit(node.param);
          this.#insertRecords(node.body.start + 1, names, 'define', lineOf(node));
          this.#visit(node.body);
        });
        return;
      case 'VariableDeclaration':
        this.#declaration(node);
        return;
      case 'ReturnStatement':
        this.#return(node.start, node.argument ?? undefined, lineOf(node));
        return;
      default:
        if (this.#where === 'outside') this.#visitChildren(node);
        else this.#expression(node);
    }
  }

  #visitChildren(node: AnyNode): void {
    for (const child of children(node)) this.#visit(child);
  }

  get #owner(): 'outside' | 'entry' | 'inner' {
    return this.#where;
  }

  // Statements

  #statements(list: (Statement | AnyNode)[]): void {
    let prologue = true;
    for (const statement of list) {
      prologue &&= statement.type === 'ExpressionStatement' && typeof statement.directive === 'string';
      if (prologue) continue;
      if (statement.type !== 'FunctionDeclaration' && statement.type !== 'EmptyStatement') {
        this.#text.add(statement.start, this.#hit(statement));
      }
      this.#visit(statement);
      if (this.#mode === 'full' && this.#where === 'entry' && !LEAVES.has(statement.type)) {
        const names = this.#scopes.visible(statement.end);
        this.#text.add(statement.end, names.map((name) => this.#watch(name, lineOf(statement))).join(''));
      }
    }
  }

  /** The body of a branch or a loop, given braces where it has none. */
  #body(statement: Statement, records = ''): void {
    if (statement.type === 'BlockStatement') {
      if (records) this.#text.add(statement.start + 1, records);
      this.#visit(statement);
      return;
    }
    if (statement.type === 'EmptyStatement' && !records) return;
    this.#text.add(
      statement.start,
      `{${records}${statement.type === 'EmptyStatement' ? '' : this.#hit(statement)}`,
    );
    this.#visit(statement);
    this.#text.add(statement.end, '}');
  }

  #loopBody(loop: AnyNode & { body: Statement }, records = ''): void {
    this.#body(loop.body, `++__H[${this.#count('turn', loop)}];${records}`);
  }

  #forEach(node: Extract<AnyNode, { type: 'ForOfStatement' | 'ForInStatement' }>): void {
    this.#scopes.within(this.#owner, node, () => {
      const { left, body } = node;
      const names =
        left.type === 'VariableDeclaration' ? bindingNames(left.declarations[0].id) : targetNames(left);
      if (left.type === 'VariableDeclaration') this.#visitChildren(left.declarations[0].id);
      else this.#visitChildren(left);
      this.#visit(node.right);
      if (this.#where === 'outside') {
        this.#loopBody(node);
        return;
      }
      // A name that the body declares anew is not the loop's, and not initialised yet.
      const shadowed = new Set(body.type === 'BlockStatement' ? Scopes.lexicalNames(body.body) : []);
      const visible = names.filter((name) => !shadowed.has(name));
      this.#loopBody(node, this.#records(visible, 'define', lineOf(node)));
    });
  }

  #declaration(node: VariableDeclaration): void {
    for (const declarator of node.declarations) {
      const { id, init } = declarator;
      const line = lineOf(declarator);
      if (this.#where === 'outside') {
        if (init) this.#visit(init);
      } else if (id.type === 'Identifier') {
        if (!init) {
          if (node.kind !== 'var') this.#text.add(declarator.end, this.#extraDeclarator([id.name], line));
        } else if (isAnonymousFunction(init)) this.#visit(init);
        else this.#wrapValue(init, id.name, line);
      } else {
        this.#visitChildren(id);
        if (init) this.#visit(init);
        this.#text.add(declarator.end, this.#extraDeclarator(bindingNames(id), line));
      }
    }
  }

  /** A declarator that declares nothing: it records names in the middle of a declaration, for-heads included. */
  #extraDeclarator(names: string[], line: number): string {
    const calls = names.map((name) => this.#define(name, 'define', line));
    return calls.length > 0 ? `,{}=[${calls.join(',')}]` : '';
  }

  #return(start: number, argument: AnyNode | undefined, line: number): void {
    const names = this.#where === 'entry' ? this.#scopes.visible(start) : [];
    if (!argument) {
      const calls = names.map((name) => this.#define(name, 'end', line));
      if (calls.length > 0) this.#text.add(start + 'return'.length, ` void [${calls.join(',')}]`);
    } else if (names.length === 0) this.#visit(argument);
    else this.#wrapEnd(argument, names, line);
  }

  // Functions

  #function(node: FunctionDeclaration | FunctionExpression | ArrowFunctionExpression): void {
    // Default values of parameters run before the body's own names exist, so parameters stay as they are.
    const outer = this.#where;
    const isEntry = node === this.#entry;
    this.#where = isEntry ? 'entry' : outer === 'outside' ? 'outside' : 'inner';
    this.#scopes.within(this.#where, node, () => {
      if (node.body.type !== 'BlockStatement') this.#expressionBody(node.body);
      else if (isEntry) this.#entryBody(node, node.body);
      else
        this.#scopes.within(this.#where, node.body, () =>
          this.#statements((node.body as BlockStatement).body),
        );
    });
    this.#where = outer;
  }

  #entryBody(node: FunctionNode, body: BlockStatement): void {
    this.#frame = '__k';
    this.#scopes.within('entry', body, () => {
      const line = lineOf(node);
      const prologue = body.body.filter((s) => s.type === 'ExpressionStatement' && s.directive !== undefined);
      const start = prologue.at(-1)?.end ?? body.start + 1;
      const parameters = this.#records(node.params.flatMap(bindingNames), 'parameter', line);
      this.#text.add(start, `${prologue.length > 0 ? ';' : ''}const __k=__e();${parameters}`);
      this.#statements(body.body);
      const end = body.end - 1;
      const ends = this.#scopes.visible(end);
      if (ends.length > 0) {
        this.#text.add(
          end,
          `;${this.#records(ends, 'end', this.#program.ast.loc ? body.loc!.end.line : line)}`,
        );
      }
    });
  }

  #expressionBody(body: AnyNode): void {
    if (this.#where !== 'entry') {
      this.#visit(body);
      return;
    }
    // No place for a constant here: activations of a recursive arrow are not told apart.
    this.#frame = '0';
    const parameters = (this.#entry as FunctionNode).params.flatMap(bindingNames);
    const line = lineOf(body);
    const calls = parameters.map((name) => `${this.#define(name, 'parameter', line)},`).join('');
    this.#text.add(body.start, `(${this.#hit(body, ',')}${calls}`);
    this.#wrapEnd(body, parameters, line);
    this.#text.add(body.end, ')');
  }

  // Conditions

  /** Counts how the test of a branch or a loop came out. A counter just raised is true. */
  #test(test: AnyNode): void {
    const id = this.#condition(test);
    this.#text.add(test.start, '((');
    this.#visit(test);
    this.#text.add(test.end, `)?++__H[${id}]:!++__H[${id + 1}])`);
  }

  /** Counts the operands that decide a chain of one logical operator: all but the last. */
  #logical(node: LogicalExpression): void {
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
        this.#text.add(operand.start, `${count}(${this.#condition(operand)},(`);
      }
      this.#visit(operand);
      if (decides) this.#text.add(operand.end, '))');
    }
  }

  #condition(node: AnyNode): number {
    const id = this.#count('true', node);
    this.#count('false', node);
    return id;
  }

  /** Counts the statement and notes it as the last one reached. */
  #hit(node: AnyNode, end = ';'): string {
    return `__H[__H[0]=${this.#count('statement', node)}]++${end}`;
  }

  #count(kind: Counter['kind'], node: AnyNode): number {
    const { line, column } = node.loc!.start;
    return this.counters.push({ kind, line, column: column + 1 }) - 1;
  }

  // Expressions

  #expression(node: AnyNode): void {
    const line = node.loc ? lineOf(node) : 0;
    switch (node.type) {
      case 'AssignmentExpression':
        this.#assignment(node, line);
        return;
      case 'UpdateExpression': {
        const name = rootName(node.argument);
        const isValue = node.prefix && node.argument.type === 'Identifier';
        if (name) this.#wrapWith(node, (open) => open(name, 'define'), isValue);
        else this.#visitChildren(node);
        return;
      }
      case 'UnaryExpression': {
        const name = node.operator === 'delete' ? rootName(node.argument) : undefined;
        if (name) this.#wrapWith(node, (open) => open(name, 'define'));
        else this.#visitChildren(node);
        return;
      }
      case 'ChainExpression': {
        const names = this.#chainNames(node);
        this.#wrapWith(node, (open) => {
          for (const name of names) open(name, 'maybe');
        });
        return;
      }
      case 'CallExpression': {
        if (this.#inChain.has(node)) {
          this.#visitChildren(node);
          return;
        }
        const changed = callChanges(node);
        this.#wrapWith(node, (open) => {
          for (const [name, kind] of changed)
            if (kind === 'define' || this.#scopes.owner(name) === 'entry') open(name, kind);
        });
        return;
      }
      default:
        this.#visitChildren(node);
        return;
    }
  }

  #assignment(node: AssignmentExpression, line: number): void {
    const { left, operator, right } = node;
    const logical = operator === '&&=' || operator === '||=' || operator === '??=';
    if (left.type !== 'Identifier') {
      const names = targetNames(left);
      this.#wrapWith(node, (open) => {
        for (const name of names) open(name, logical ? 'maybe' : 'define');
      });
    } else if (!logical) this.#wrapWith(node, (open) => open(left.name, 'define'), true);
    else if (isAnonymousFunction(right)) this.#visit(right);
    else this.#wrapValue(right, left.name, line);
  }

  /** Names that calls along an optional chain may change. */
  #chainNames(chain: ChainExpression): Set<string> {
    const names = new Set<string>();
    for (let link: AnyNode = chain.expression; ; ) {
      if (link.type === 'CallExpression') {
        this.#inChain.add(link);
        for (const [name] of callChanges(link)) if (this.#scopes.owner(name) === 'entry') names.add(name);
        link = link.callee;
      } else if (link.type === 'MemberExpression') link = link.object;
      else return names;
    }
  }

  /** Records `name` with the value of `node` as it is computed. */
  #wrapValue(node: AnyNode, name: string, line: number): void {
    const sequence = node.type === 'SequenceExpression';
    this.#text.add(
      node.start,
      `__d(${this.#point(name, 'define', line)},${this.#frame},${sequence ? '(' : ''}`,
    );
    this.#visit(node);
    this.#text.add(node.end, sequence ? '))' : ')');
  }

  /** Wraps an expression in one recording call a name; `isValue` when the expression's value is the name's. */
  #wrapWith(
    node: AnyNode,
    each: (open: (name: string, kind: TracePoint['kind']) => void) => void,
    isValue = false,
  ): void {
    const closes: string[] = [];
    each((name, kind) => {
      const id = this.#point(name, kind, lineOf(node));
      this.#text.add(node.start, `${isValue ? '__d' : '__u'}(${id},${this.#frame},`);
      closes.unshift(isValue ? ')' : `,${name})`);
    });
    this.#visitChildren(node);
    this.#text.add(node.end, closes.join(''));
  }

  /** Wraps the value that the entry function returns, recording what its variables then hold. */
  #wrapEnd(node: AnyNode, names: string[], line: number): void {
    const opens = names.map((name) => `__u(${-this.#point(name, 'end', line)},${this.#frame},`);
    this.#text.add(node.start, `${opens.join('')}(`);
    this.#visit(node);
    this.#text.add(
      node.end,
      `)${names
        .map((name) => `,${name})`)
        .reverse()
        .join('')}`,
    );
  }

  #records(names: string[], kind: TracePoint['kind'], line: number): string {
    return this.#where === 'outside'
      ? ''
      : names.map((name) => `${this.#define(name, kind, line)};`).join('');
  }

  #insertRecords(position: number, names: string[], kind: TracePoint['kind'], line: number): void {
    this.#text.add(position, this.#records(names, kind, line));
  }

  #define(name: string, kind: TracePoint['kind'], line: number): string {
    const id = this.#point(name, kind, line);
    return `__d(${kind === 'end' ? -id : id},${this.#frame},${name})`;
  }

  #watch(name: string, line: number): string {
    const slot = this.#slots.get(name) ?? this.#slots.size;
    this.#slots.set(name, slot);
    return `;__w(${slot},${this.#point(name, 'maybe', line)},${this.#frame},${name});`;
  }

  #point(name: string, kind: TracePoint['kind'], line: number): number {
    // Point 0 is left out: its negative could not mark an end.
    if (this.points.length === 0) this.points.push({ line: 0, name: '', kind: 'end', own: false });
    return this.points.push({ line, name, kind, own: this.#scopes.owner(name) === 'entry' }) - 1;
  }
}

/** Names whose arrays a call may change, the receiver of a mutating method first. */
function callChanges(call: Extract<AnyNode, { type: 'CallExpression' }>): Map<string, 'define' | 'maybe'> {
  const changed = new Map<string, 'define' | 'maybe'>();
  const { callee } = call;
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
  for (const argument of call.arguments) {
    if (argument.type === 'Identifier' && !changed.has(argument.name)) changed.set(argument.name, 'maybe');
  }
  return changed;
}

/** A function or class that takes its name from the variable it is assigned to, and would lose it if wrapped. */
function isAnonymousFunction(node: AnyNode): boolean {
  return (
    (isFunction(node) && !node.id) ||
    (node.type === 'ClassExpression' && !node.id) ||
    node.type === 'ArrowFunctionExpression'
  );
}

function lineOf(node: AnyNode): number {
  return node.loc!.start.line;
}
