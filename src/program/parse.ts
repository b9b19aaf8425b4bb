import { type Options, Parser, type Program } from 'acorn';
import { type Position, Positions } from './positions.ts';
import { descendants } from './visit.ts';

/** A program that passed the gate, with its syntax tree. */
export interface ParsedProgram {
  code: string;
  ast: Program;
  positions: Positions;
}

/** Why a program may not run, and the place in its source. */
export interface ParseError extends Position {
  error: string;
}

/** Limits that keep the parsers, ours and the engine's, away from the end of their stacks. */
export const GATE = {
  maxLength: 16_384,
  maxBrackets: 120,
  maxDepth: 400,
} as const;

/** Names that start so belong to the tracer. */
export const RESERVED_PREFIX = '__';

const OPTIONS: Options = { ecmaVersion: 2023, sourceType: 'script' };

/** acorn has no option for a strict script, which is how the engine evaluates every program. */
class StrictParser extends Parser {
  constructor(options: Options, input: string) {
    super(options, input);
    (this as unknown as { strict: boolean }).strict = true;
  }

  static parseProgram(code: string): Program {
    return new StrictParser(OPTIONS, code).parse();
  }
}

/** Parses a program as a strict script, or says where and why it is refused. */
export function parseProgram(code: string): ParsedProgram | ParseError {
  const positions = new Positions(code);
  const refused = gate(code, positions);
  if (refused) return refused;
  let ast: Program;
  try {
    ast = StrictParser.parseProgram(code);
  } catch (error) {
    // A parser out of stack has met more depth than is allowed below, whichever host it runs on.
    const { message, loc } = error as SyntaxError & { loc?: { line: number; column: number } };
    if (error instanceof RangeError || message.startsWith('Not enough stack space')) return tooDeep;
    return {
      error: `SyntaxError: ${message.replace(/ \(\d+:\d+\)$/, '')}`,
      line: loc?.line ?? 1,
      column: (loc?.column ?? 0) + 1,
    };
  }
  const needsWalk = NEEDS_WALK.test(code) || code.length > GATE.maxDepth / 2;
  return (needsWalk ? refuseNodes(ast, positions) : undefined) ?? { code, ast, positions };
}

/**
 * Without any of these no name is reserved, however it is written, and nothing is imported; and a short text cannot
 * be nested too deep. Most programs of a policy then need no walk through their tree.
 */
const NEEDS_WALK = /__|\\|import/;

/** Tells the two outcomes of {@link parseProgram} apart. */
export function isParseError(outcome: ParsedProgram | ParseError): outcome is ParseError {
  return 'error' in outcome;
}

const tooDeep: ParseError = { error: 'SyntaxError: the program is nested too deep', line: 1, column: 1 };

/** Checks what must hold before any recursive parser sees the text. */
function gate(code: string, positions: Positions): ParseError | undefined {
  if (code.length > GATE.maxLength) {
    return {
      error: `SyntaxError: the program has ${code.length} characters, more than ${GATE.maxLength}`,
      line: 1,
      column: 1,
    };
  }
  let depth = 0;
  for (let i = 0; i < code.length; i++) {
    switch (code.charCodeAt(i)) {
      case 0:
        return { error: 'SyntaxError: NUL character', ...positions.at(i) };
      case 0x28: // (
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > GATE.maxBrackets) return { ...tooDeep, ...positions.at(i) };
        break;
      case 0x29:
      case 0x5d:
      case 0x7d:
        depth--;
    }
  }
  return undefined;
}

/** Refuses syntax that reaches outside the program, and depth that brackets do not show. */
function refuseNodes(ast: Program, positions: Positions): ParseError | undefined {
  for (const { node, parent, depth } of descendants(ast)) {
    if (depth > GATE.maxDepth) return tooDeep;
    if (node.type === 'ImportExpression') {
      return { error: 'SyntaxError: import() is not available', ...positions.at(node.start) };
    }
    if (node.type !== 'Identifier' || !node.name.startsWith(RESERVED_PREFIX)) continue;
    // Keys are only names of properties: `{ __proto__: null }` is a program's own affair.
    const isKey =
      (parent?.type === 'MemberExpression' && parent.property === node && !parent.computed) ||
      ((parent?.type === 'Property' || parent?.type === 'MethodDefinition') &&
        parent.key === node &&
        parent.value !== node &&
        !parent.computed);
    if (!isKey) {
      return {
        error: `SyntaxError: names starting with ${RESERVED_PREFIX} are reserved`,
        ...positions.at(node.start),
      };
    }
  }
  return undefined;
}
