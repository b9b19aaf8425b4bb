import type { AnyNode } from 'acorn';
import { bindingNames } from './names.ts';
import { children, isFunction } from './visit.ts';

/** Whose variable a name is: the entry function's, a function's inside it, or neither. */
export type Owner = 'outside' | 'entry' | 'inner';

interface Scope {
  owner: Owner;
  /** Each name with the offset from which it is surely initialised. */
  names: Map<string, number>;
}

/** Names in force while a program is walked, innermost scope last. */
export class Scopes {
  readonly #stack: Scope[] = [];

  /** Runs `visit` inside the scope that `node` opens. */
  within(owner: Owner, node: AnyNode, visit: () => void): void {
    this.#stack.push({ owner, names: declaredBy(node) });
    visit();
    this.#stack.pop();
  }

  /** Who declares the variable that `name` stands for here. */
  owner(name: string): Owner {
    for (let i = this.#stack.length - 1; i >= 0; i--) {
      if (this.#stack[i].names.has(name)) return this.#stack[i].owner;
    }
    return 'outside';
  }

  /** The entry function's variables that may be read at `offset`, outermost first. */
  visible(offset: number): string[] {
    const found = new Set<string>();
    const hidden = new Set<string>();
    for (let i = this.#stack.length - 1; i >= 0 && this.#stack[i].owner === 'entry'; i--) {
      for (const [name, from] of this.#stack[i].names) {
        if (!hidden.has(name) && from <= offset) found.add(name);
        hidden.add(name);
      }
    }
    return [...found].reverse();
  }

  /** The names that `let`, `const` and `class` declare directly in a list of statements, and its functions. */
  static lexicalNames(statements: AnyNode[]): string[] {
    return [...lexical(statements, false).keys()];
  }
}

function declaredBy(node: AnyNode): Map<string, number> {
  if (isFunction(node)) {
    const names = new Map(node.params.flatMap(bindingNames).map((name) => [name, 0]));
    // The name of a function expression is a binding of its own, under the parameters.
    if (node.type === 'FunctionExpression' && node.id && !names.has(node.id.name)) {
      names.set(node.id.name, Number.POSITIVE_INFINITY);
    }
    if (node.body.type === 'BlockStatement') hoisted(node.body, names);
    return names;
  }
  switch (node.type) {
    case 'Program': {
      const names = lexical(node.body, false);
      hoisted(node, names);
      return names;
    }
    case 'BlockStatement':
    case 'StaticBlock':
      return lexical(node.body, false);
    case 'SwitchStatement':
      // A case may be entered past the declarations of those before it.
      return lexical(
        node.cases.flatMap((branch) => branch.consequent),
        true,
      );
    case 'ForStatement':
      return lexical(node.init ? [node.init] : [], false);
    case 'ForOfStatement':
    case 'ForInStatement':
      return new Map([...lexical([node.left], false).keys()].map((name) => [name, node.body.start]));
    case 'CatchClause':
      return new Map((node.param ? bindingNames(node.param) : []).map((name) => [name, node.body.start]));
    default:
      return new Map();
  }
}

function lexical(statements: AnyNode[], neverReadable: boolean): Map<string, number> {
  const names = new Map<string, number>();
  for (const statement of statements) {
    const node = statement.type === 'LabeledStatement' ? statement.body : statement;
    if (node.type === 'VariableDeclaration' && node.kind !== 'var') {
      for (const { id, end } of node.declarations) {
        for (const name of bindingNames(id)) names.set(name, neverReadable ? Number.POSITIVE_INFINITY : end);
      }
    } else if (node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration') {
      // Functions and classes are opaque: known, never read.
      if (node.id) names.set(node.id.name, Number.POSITIVE_INFINITY);
    }
  }
  return names;
}

/** Adds the names of `var` declarations anywhere in a function but not in functions inside it. */
function hoisted(root: AnyNode, names: Map<string, number>): void {
  const stack: AnyNode[] = [root];
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (node.type === 'VariableDeclaration' && node.kind === 'var') {
      for (const { id } of node.declarations)
        for (const name of bindingNames(id)) if (!names.has(name)) names.set(name, 0);
    }
    for (const child of children(node))
      if (!isFunction(child) && child.type !== 'PropertyDefinition' && child.type !== 'StaticBlock')
        stack.push(child);
  }
}
