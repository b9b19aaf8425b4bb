import type { AnyNode } from 'acorn';
import { Insertions } from './insertions.ts';
import type { Counter, TracePoint } from './instrument.ts';
import type { ParsedProgram } from './parse.ts';
import { type Owner, Scopes } from './scopes.ts';

/** Numbers what a rewritten program records and counts, and writes the calls that do so. */
export class Recorder {
  /** Point 0 is left out: its negative could not mark an end. */
  readonly points: TracePoint[] = [{ line: 0, name: '', kind: 'end', own: false }];
  /** Counter 0 is not one. */
  readonly counters: Counter[] = [{ kind: 'statement', line: 0, column: 0 }];
  readonly scopes = new Scopes();
  /** The function being visited: outside the entry, the entry itself, or a function inside it. */
  where: Owner = 'outside';
  /** The code that gives the activation of the entry function. */
  frame = '__k';
  readonly #program: ParsedProgram;
  readonly #text = new Insertions();
  /** Each watched variable's number. */
  readonly #slots = new Map<string, number>();

  constructor(program: ParsedProgram) {
    this.#program = program;
  }

  /** Inserts text at an offset of the source; at one offset, in the order of the calls. */
  insert(offset: number, text: string): void {
    this.#text.add(offset, text);
  }

  /** The source with everything inserted. */
  code(): string {
    return this.#text.apply(this.#program.code);
  }

  line(offset: number): number {
    return this.#program.positions.line(offset);
  }

  /** Runs `visit` inside the scope that `node` opens. */
  within(node: AnyNode, visit: () => void): void {
    this.scopes.within(this.where, node, visit);
  }

  /** A new counter's number. */
  count(kind: Counter['kind'], { start }: AnyNode): number {
    return this.counters.push({ kind, ...this.#program.positions.at(start) }) - 1;
  }

  /** The first of a condition's two counters. */
  condition(node: AnyNode): number {
    const id = this.count('true', node);
    this.count('false', node);
    return id;
  }

  /** Code that counts the statement and notes it as the last one reached. */
  hit(node: AnyNode, end = ';'): string {
    return `__H[__H[0]=${this.count('statement', node)}]++${end}`;
  }

  /** A new point's number. */
  point(name: string, kind: TracePoint['kind'], line: number): number {
    return this.points.push({ line, name, kind, own: this.scopes.owner(name) === 'entry' }) - 1;
  }

  /** Code that records a variable. */
  define(name: string, kind: TracePoint['kind'], line: number): string {
    const id = this.point(name, kind, line);
    return `__d(${kind === 'end' ? -id : id},${this.frame},${name})`;
  }

  /** Statements that record variables; none where nothing is recorded. */
  defineAll(names: string[], kind: TracePoint['kind'], line: number): string {
    if (this.where === 'outside') return '';
    return names.map((name) => `${this.define(name, kind, line)};`).join('');
  }

  /** Statements that record those of the variables which changed since the last look at them. */
  watchAll(names: string[], line: number): string {
    return names
      .map((name) => {
        const slot = this.#slots.get(name) ?? this.#slots.size;
        this.#slots.set(name, slot);
        return `;__w(${slot},${this.point(name, 'maybe', line)},${this.frame},${name});`;
      })
      .join('');
  }
}
