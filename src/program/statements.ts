import type { AnyNode, BlockStatement, Statement, VariableDeclaration } from 'acorn';
import { isAnonymousFunction } from './effects.ts';
import { ExpressionRewriter } from './expressions.ts';
import type { TraceMode } from './instrument.ts';
import { bindingNames, type FunctionNode, targetNames } from './names.ts';
import type { Recorder } from './recorder.ts';
import { Scopes } from './scopes.ts';
import { isFunction } from './visit.ts';

/** Statements after which nothing runs in their list. */
const LEAVES = new Set(['ReturnStatement', 'ThrowStatement', 'BreakStatement', 'ContinueStatement']);

/** Rewrites functions and statements: counts them, and records what they declare and what the entry ends with. */
export class StatementRewriter {
  readonly #recorder: Recorder;
  readonly #entry: FunctionNode | undefined;
  readonly #mode: TraceMode;
  readonly #expressions: ExpressionRewriter;

  constructor(recorder: Recorder, entry: FunctionNode | undefined, mode: TraceMode) {
    this.#recorder = recorder;
    this.#entry = entry;
    this.#mode = mode;
    this.#expressions = new ExpressionRewriter(recorder, (node) => this.visit(node));
  }

  visit(node: AnyNode): void {
    if (isFunction(node)) {
      this.#function(node as FunctionNode);
      return;
    }
    const recorder = this.#recorder;
    switch (node.type) {
      case 'BlockStatement':
      case 'StaticBlock':
        recorder.within(node, () => this.#statements(node.body));
        return;
      case 'SwitchStatement':
        this.visit(node.discriminant);
        recorder.within(node, () => {
          for (const branch of node.cases) {
            if (branch.test) this.visit(branch.test);
            this.#statements(branch.consequent);
          }
        });
        return;
      case 'IfStatement':
        this.#expressions.test(node.test);
        this.#body(node.consequent);
        if (node.alternate) this.#body(node.alternate);
        return;
      case 'ForStatement':
        recorder.within(node, () => {
          if (node.init) this.visit(node.init);
          if (node.test) this.#expressions.test(node.test);
          if (node.update) this.visit(node.update);
          this.#loopBody(node);
        });
        return;
      case 'ForOfStatement':
      case 'ForInStatement':
        this.#forEach(node);
        return;
      case 'WhileStatement':
        this.#expressions.test(node.test);
        this.#loopBody(node);
        return;
      case 'DoWhileStatement':
        this.#loopBody(node);
        this.#expressions.test(node.test);
        return;
      case 'ConditionalExpression':
        this.#expressions.test(node.test);
        this.visit(node.consequent);
        this.visit(node.alternate);
        return;
      case 'LogicalExpression':
        this.#expressions.logical(node);
        return;
      case 'LabeledStatement':
        // Nothing may come between a label and its loop.
        this.visit(node.body);
        return;
      case 'CatchClause':
        recorder.within(node, () => {
          const names = node.param ? bindingNames(node.param) : [];
          if (node.param) this.visit(node.param);
          recorder.insert(
            node.body.start + 1,
            recorder.defineAll(names, 'define', recorder.line(node.start)),
          );
          this.visit(node.body);
        });
        return;
      case 'VariableDeclaration':
        this.#declaration(node);
        return;
      case 'ReturnStatement':
        this.#return(node.start, node.argument ?? undefined);
        return;
      default:
        if (recorder.where === 'outside') this.#expressions.visitChildren(node);
        else this.#expressions.visit(node);
    }
  }

  #statements(list: (Statement | AnyNode)[]): void {
    const recorder = this.#recorder;
    let prologue = true;
    for (const statement of list) {
      prologue &&= statement.type === 'ExpressionStatement' && typeof statement.directive === 'string';
      if (prologue) continue;
      if (statement.type !== 'FunctionDeclaration' && statement.type !== 'EmptyStatement') {
        recorder.insert(statement.start, recorder.hit(statement));
      }
      this.visit(statement);
      if (this.#mode === 'full' && recorder.where === 'entry' && !LEAVES.has(statement.type)) {
        const names = recorder.scopes.visible(statement.end);
        recorder.insert(statement.end, recorder.watchAll(names, recorder.line(statement.start)));
      }
    }
  }

  /** The body of a branch or a loop, given braces where it has none. */
  #body(statement: Statement, records = ''): void {
    const recorder = this.#recorder;
    if (statement.type === 'BlockStatement') {
      recorder.insert(statement.start + 1, records);
      this.visit(statement);
      return;
    }
    if (statement.type === 'EmptyStatement' && !records) return;
    const hit = statement.type === 'EmptyStatement' ? '' : recorder.hit(statement);
    recorder.insert(statement.start, `{${records}${hit}`);
    this.visit(statement);
    recorder.insert(statement.end, '}');
  }

  #loopBody(loop: AnyNode & { body: Statement }, records = ''): void {
    this.#body(loop.body, `++__H[${this.#recorder.count('turn', loop)}];${records}`);
  }

  #forEach(node: Extract<AnyNode, { type: 'ForOfStatement' | 'ForInStatement' }>): void {
    const recorder = this.#recorder;
    recorder.within(node, () => {
      const { left, body } = node;
      const isDeclaration = left.type === 'VariableDeclaration';
      const names = isDeclaration ? bindingNames(left.declarations[0].id) : targetNames(left);
      this.#expressions.visitChildren(isDeclaration ? left.declarations[0].id : left);
      this.visit(node.right);
      // A name that the body declares anew is not the loop's, and not initialised yet.
      const shadowed = new Set(body.type === 'BlockStatement' ? Scopes.lexicalNames(body.body) : []);
      const visible = names.filter((name) => !shadowed.has(name));
      this.#loopBody(node, recorder.defineAll(visible, 'define', recorder.line(node.start)));
    });
  }

  #declaration(node: VariableDeclaration): void {
    for (const declarator of node.declarations) {
      const { id, init, start, end } = declarator;
      const line = this.#recorder.line(start);
      if (this.#recorder.where === 'outside') {
        if (init) this.visit(init);
      } else if (id.type === 'Identifier') {
        if (!init) {
          if (node.kind !== 'var') this.#recorder.insert(end, this.#extraDeclarator([id.name], line));
        } else if (isAnonymousFunction(init)) this.visit(init);
        else this.#expressions.wrapValue(init, id.name, line);
      } else {
        this.#expressions.visitChildren(id);
        if (init) this.visit(init);
        this.#recorder.insert(end, this.#extraDeclarator(bindingNames(id), line));
      }
    }
  }

  /** A declarator that declares nothing: it records names in the middle of a declaration, for-heads included. */
  #extraDeclarator(names: string[], line: number): string {
    const calls = names.map((name) => this.#recorder.define(name, 'define', line));
    return calls.length > 0 ? `,{}=[${calls.join(',')}]` : '';
  }

  #return(start: number, argument: AnyNode | undefined): void {
    const recorder = this.#recorder;
    const names = recorder.where === 'entry' ? recorder.scopes.visible(start) : [];
    const line = recorder.line(start);
    if (!argument) {
      const calls = names.map((name) => recorder.define(name, 'end', line));
      if (calls.length > 0) recorder.insert(start + 'return'.length, ` void [${calls.join(',')}]`);
    } else if (names.length === 0) this.visit(argument);
    else this.#expressions.wrapEnd(argument, names, line);
  }

  #function(node: FunctionNode): void {
    // Default values of parameters run before the body's own names exist, so parameters stay as they are.
    const recorder = this.#recorder;
    const { body } = node;
    const outer = recorder.where;
    const isEntry = node === this.#entry;
    recorder.where = isEntry ? 'entry' : outer === 'outside' ? 'outside' : 'inner';
    recorder.within(node, () => {
      if (body.type !== 'BlockStatement') this.#expressionBody(node, body);
      else if (isEntry) this.#entryBody(node, body);
      else recorder.within(body, () => this.#statements(body.body));
    });
    recorder.where = outer;
  }

  #entryBody(node: FunctionNode, body: BlockStatement): void {
    const recorder = this.#recorder;
    recorder.frame = '__k';
    recorder.within(body, () => {
      const prologue = body.body.filter((s) => s.type === 'ExpressionStatement' && s.directive !== undefined);
      const start = prologue.at(-1)?.end ?? body.start + 1;
      const names = node.params.flatMap(bindingNames);
      const parameters = recorder.defineAll(names, 'parameter', recorder.line(node.start));
      recorder.insert(start, `${prologue.length > 0 ? ';' : ''}const __k=__e();${parameters}`);
      this.#statements(body.body);
      const end = body.end - 1;
      const ends = recorder.scopes.visible(end);
      if (ends.length > 0) recorder.insert(end, `;${recorder.defineAll(ends, 'end', recorder.line(end))}`);
    });
  }

  #expressionBody(node: FunctionNode, body: AnyNode): void {
    const recorder = this.#recorder;
    if (recorder.where !== 'entry') {
      this.visit(body);
      return;
    }
    // No place for a constant here: activations of a recursive arrow are not told apart.
    recorder.frame = '0';
    const parameters = node.params.flatMap(bindingNames);
    const line = recorder.line(body.start);
    const calls = parameters.map((name) => `${recorder.define(name, 'parameter', line)},`).join('');
    recorder.insert(body.start, `(${recorder.hit(body, ',')}${calls}`);
    this.#expressions.wrapEnd(body, parameters, line);
    recorder.insert(body.end, ')');
  }
}
