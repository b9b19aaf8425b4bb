import { beforeAll, describe, expect, it } from 'vitest';
import type { Value } from '../program/values.ts';
import { createNodeSandbox } from './node.ts';
import type { CallResult, ProgramJob, Sandbox, Trace } from './types.ts';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await createNodeSandbox();
});

async function traced(code: string, ...input: Value[]): Promise<CallResult & { trace: Trace }> {
  const [result] = await sandbox.run([{ code, entry: 'f', inputs: [input], trace: [0] }]);
  return result.calls[0] as CallResult & { trace: Trace };
}

/** `name=value@line`, one a step. */
function written({ steps }: Trace): string {
  return steps.map(({ name, value, line }) => `${name}=${JSON.stringify(value)}@${line}`).join(' ');
}

const forms: [what: string, code: string, input: Value[], steps: string][] = [
  ['declarators', 'function f() {\n let a = 1, b = [a];\n var c = "x";\n}', [], 'a=1@2 b=[1]@2 c="x"@3'],
  ['a declarator without a value', 'function f() { let a; a = 1 }', [], 'a=undefined@1 a=1@1'],
  ['assignment', 'function f(a) { a = a + 1 }', [1], 'a=1@1 a=2@1'],
  [
    'chained assignment',
    'function f() { let a, b; a = b = 3 }',
    [],
    'a=undefined@1 b=undefined@1 b=3@1 a=3@1',
  ],
  ['compound assignment', 'function f(s) { s += "b"; s **= 2 }', ['a'], 's="a"@1 s="ab"@1 s=null@1'],
  ['logical assignment', 'function f(a, b) { a ??= 1; b ||= 2 }', [null, 5], 'a=null@1 b=5@1 a=1@1'],
  ['update', 'function f(a) { a++; --a; return a++ }', [1], 'a=1@1 a=2@1 a=1@1 a=2@1'],
  ['for-head', 'function f() {\n for (let i = 0; i < 2; i++);\n}', [], 'i=0@2 i=1@2 i=2@2'],
  ['for-of', 'function f(a) { for (const x of a) ; }', [[4, 5]], 'a=[4,5]@1 x=4@1 x=5@1'],
  ['for-in', 'function f(a) { for (const k in a) { } }', [[7]], 'a=[7]@1 k="0"@1'],
  ['for-of into a variable', 'function f(a) { let x = 0; for (x of a) { } }', [[4]], 'a=[4]@1 x=0@1 x=4@1'],
  [
    'destructuring',
    'function f([a, , ...b], { length: c }) { const [d = 5] = []; }',
    [[1, 2, 3], 'xy'],
    'a=1@1 b=[3]@1 c=2@1 d=5@1',
  ],
  [
    'destructuring for-head',
    'function f() { for (let [i, j] = [0, 1]; i < 1; i++); }',
    [],
    'i=0@1 j=1@1 i=1@1',
  ],
  ['swap', 'function f(a, b) { [a, b] = [b, a] }', [1, 2], 'a=1@1 b=2@1 b=1@1 a=2@1'],
  ['swap of elements', 'function f(b) { [b[0], b[1]] = [b[1], b[0]] }', [[1, 2]], 'b=[1,2]@1 b=[2,1]@1'],
  ['catch', 'function f() { try { throw 3 } catch (e) { return e } }', [], 'e=3@1'],
  [
    'element assignment',
    'function f(b) { b[0] = 1; b[1][0] += 2; b[2]++ }',
    [[0, [0], 0]],
    'b=[0,[0],0]@1 b=[1,[0],0]@1 b=[1,[2],0]@1 b=[1,[2],1]@1',
  ],
  [
    'array methods',
    'function f(b) { b.push(3); b.sort(); b[1].push(1) }',
    [[2, [1]]],
    'b=[2,[1]]@1 b=[2,[1],3]@1 b=[[1],2,3]@1',
  ],
  ['optional call', 'function f(b) { b?.push(1) }', [[]], 'b=[]@1 b=[1]@1'],
  ['skipped optional call', 'function f(b) { b?.push(1).x }', [null], 'b=null@1'],
  ['delete', 'function f(b) { delete b[0] }', [[1]], 'b=[1]@1 b=[null]@1'],
  ['length', 'function f(b) { b.length = 0 }', [[1]], 'b=[1]@1 b=[]@1'],
  [
    'a helper that changes its argument',
    'function f(b) { g(b); h(b) }\nfunction g(x) { x[0] = 9 }\nfunction h(x) {}',
    [[1]],
    'b=[1]@1 b=[9]@1',
  ],
  [
    'callbacks',
    'function f(a) { let s = 0; a.forEach((x) => { const y = x; s += y }) }',
    [[4]],
    'a=[4]@1 s=0@1 y=4@1 s=4@1',
  ],
  ['an arrow entry', 'const f = (a) => a.sort()', [[2, 1]], 'a=[2,1]@1 a=[1,2]@1'],
  ['an arrow entry with a body', 'const f = (a) => { a = 1 }', [0], 'a=0@1 a=1@1'],
  ['branches without braces', 'function f(a) { if (a) a = 1\nelse a = 2 }', [0], 'a=0@1 a=2@2'],
  ['do-while', 'function f(a) { do a--; while (a > 0) }', [1], 'a=1@1 a=0@1'],
  ['labels', 'function f() { o: for (let i = 0; ; i++) { if (i) break o } }', [], 'i=0@1 i=1@1'],
  ['switch', 'function f(a) { switch (a) { case 1: let x = 2; default: x = 3 } }', [1], 'a=1@1 x=2@1 x=3@1'],
];

describe('steps', () => {
  it.each(forms)('%s', async (_, code, input, steps) => {
    const { trace } = await traced(code, ...input);
    expect(written(trace)).toBe(steps);
    expect(trace.truncated).toBe(false);
  });

  it('copies arrays at the moment of the definition', async () => {
    const { trace } = await traced('function f() { const b = []; for (let i = 0; i < 3; i++) b.push(i); }');
    expect(trace.steps.filter(({ name }) => name === 'b').map(({ value }) => value)).toEqual([
      [],
      [0],
      [0, 1],
      [0, 1, 2],
    ]);
  });

  it('is bounded', async () => {
    const { trace, status } = await traced('function f() { let i = 0; while (i < 5000) i++; return i }');
    expect(status).toBe('ok');
    expect(trace.truncated).toBe(true);
    expect(trace.steps.length).toBe(2000);
    expect(trace.atEnd).toEqual({ i: 5000 });
  });

  it('survives a stack overflow that is caught in the middle of one', async () => {
    const code =
      'function f(a) { try { return f(a) + f(a) } catch { a = 1; return 2 } }\nfunction g(a) { f(a); return 5 }';
    const job: ProgramJob = { code, entry: 'g', traced: 'f', inputs: [[[1, 2, 3, 4]]], trace: [0] };
    const [{ calls: first }] = await sandbox.run([job]);
    await sandbox.run([{ ...job, inputs: [['x'.repeat(200)]] }]);
    const [{ calls: again }] = await sandbox.run([job]);
    expect(again).toEqual(first);
    for (const { value } of first[0].trace!.steps) expect([[1, 2, 3, 4], 1]).toContainEqual(value);
  });

  it('keeps what came before an endless loop', async () => {
    const { trace, status, line } = await traced('function f() {\n let a = 1;\n for (;;) {\n  a;\n }\n}');
    expect(status).toBe('timeout');
    expect(line).toBe(4);
    expect(trace.lastDefinition).toEqual({ a: 1 });
  });
});

describe('lastDefinition and atEnd', () => {
  it('hold the variables of the entry function, in order of first definition', async () => {
    const { trace } = await traced(
      'function f(a, n) {\n let s = 0;\n for (const x of a) s += x;\n a = null;\n return s;\n}',
      [1, 2],
      3,
    );
    expect(Object.entries(trace.lastDefinition)).toEqual([
      ['s', 3],
      ['x', 2],
      ['a', null],
    ]);
    expect(trace.atEnd).toEqual(trace.lastDefinition);
  });

  it('leave out what callbacks and helpers declare', async () => {
    const { trace } = await traced(
      'function g(z) { let q = z; return q }\nfunction f(a) { let s = 0; a.map((x) => { let s = x; return s }); s = g(1) }',
      [5],
    );
    expect(trace.lastDefinition).toEqual({ s: 1 });
  });

  it('leave out values that are not data', async () => {
    const { trace } = await traced(
      'function f() { let m = 1; m = new Map(); const g = () => 1; let a = [m]; const k = 2 }',
    );
    expect(trace.lastDefinition).toEqual({ k: 2 });
  });

  it('see a change through another name only at the end', async () => {
    const { trace } = await traced('function f() { const a = [1]; const b = a; b.push(2); return a.length }');
    expect(trace.lastDefinition).toEqual({ a: [1], b: [1, 2] });
    expect(trace.atEnd).toEqual({ a: [1, 2], b: [1, 2] });
  });

  it('are those of the outermost activation', async () => {
    const { trace } = await traced('function f(n) { let m = n * 10; if (n > 0) f(n - 1); return m }', 2);
    expect(trace.lastDefinition).toEqual({ m: 20 });
    expect(trace.steps.filter(({ name }) => name === 'm').map(({ value }) => value)).toEqual([20, 10, 0]);
  });

  it('are there when the call throws', async () => {
    const { trace, status, line } = await traced('function f() {\n let a = [];\n a.push(1);\n null.x;\n}');
    expect([status, line]).toEqual(['runtime_error', 4]);
    expect(trace.lastDefinition).toEqual({ a: [1] });
  });
});

describe('hits', () => {
  it('count the statements of each line, helpers included', async () => {
    const { trace } = await traced(
      'function g() {\n return 1;\n}\nfunction f() {\n for (let i = 0; i < 3; i++) {\n  g();\n }\n if (0) {\n  g();\n }\n}',
    );
    expect(trace.hits).toEqual({ 2: 3, 5: 1, 6: 3, 8: 1 });
  });
});

describe('full mode', () => {
  async function full(code: string, ...input: Value[]): Promise<Trace> {
    const [{ calls }] = await sandbox.run([
      { code, entry: 'f', inputs: [input], trace: [0], traceMode: 'full' },
    ]);
    return calls[0].trace!;
  }

  it('sees changes made through other names, at the statement that made them', async () => {
    const trace = await full('function f() {\n const a = [1]\n const b = a\n b.push(2)\n return a.length\n}');
    expect(written(trace)).toBe('a=[1]@2 b=[1]@3 b=[1,2]@4 a=[1,2]@4');
    expect(trace.lastDefinition).toEqual({ a: [1, 2], b: [1, 2] });
  });

  it('reads no name before its declaration and none after its block', async () => {
    const trace = await full(
      'function f(n) {\n if (n) { let x = 1; n = 2 }\n switch (n) { case 2: n = 3; break; case 1: let y }\n return n\n let z\n}',
      1,
    );
    expect(written(trace)).toBe('n=1@1 x=1@2 n=2@2 n=3@3');
  });
});

describe('coverage', () => {
  async function coverage(code: string, ...input: Value[]) {
    return (await traced(code, ...input)).coverage!;
  }

  it('counts statements, run or not', async () => {
    const { ticks, statements } = await coverage(
      'function f(a) {\n if (a) return 1; else a = 2;\n return a;\n}',
      0,
    );
    expect(ticks).toBe(3);
    expect(statements.map(({ line, column, hits }) => [line, column, hits])).toEqual([
      [2, 2, 1],
      [2, 9, 0],
      [2, 24, 1],
      [3, 2, 1],
    ]);
  });

  it('counts how conditions came out', async () => {
    const { conditions } = await coverage(
      'function f(a) {\n let n = 0;\n for (const x of a) if (x > 1 && x < 4 || x === 9) n += x ? 1 : 2;\n return n ?? 5;\n}',
      [0, 2, 3, 5, 9],
    );
    expect(conditions).toEqual([
      { line: 3, column: 25, whenTrue: 3, whenFalse: 2 },
      { line: 3, column: 25, whenTrue: 2, whenFalse: 3 },
      { line: 3, column: 25, whenTrue: 4, whenFalse: 1 },
      { line: 3, column: 57, whenTrue: 3, whenFalse: 0 },
      { line: 4, column: 9, whenTrue: 1, whenFalse: 0 },
    ]);
  });

  it('counts the turns of every kind of loop', async () => {
    const { loops } = await coverage(
      'function f(a) {\n for (const x of a);\n for (const k in a) k;\n let i = 0;\n while (i < 2) i++;\n do i--; while (i > 0)\n for (; i < 5; i++) { if (i) continue }\n}',
      [1, 2, 3],
    );
    expect(loops.map(({ turns }) => turns)).toEqual([3, 3, 2, 2, 5]);
  });

  it('of a long chain of operators is kept flat', async () => {
    const { conditions } = await coverage(`function f(a) { return ${'a && '.repeat(380)}a }`, 1);
    expect(conditions.map(({ whenTrue }) => whenTrue)).toEqual(new Array(380).fill(1));
  });

  it('of a program that did not end says where it was', async () => {
    const { line, coverage } = await traced('function f() {\n let i = 0;\n while (i >= 0)\n  ;\n}');
    expect(line).toBe(3);
    expect(coverage!.loops[0].turns).toBeGreaterThan(1000);
  });
});

describe('another function than the entry', () => {
  it('is traced when a job names it', async () => {
    const code = 'function g(n) {\n let m = n * 2;\n return m;\n}\nfunction f() { return g(4) + g(5) }';
    const [{ calls }] = await sandbox.run([{ code, entry: 'f', traced: 'g', inputs: [[]], trace: [0] }]);
    expect(calls[0].trace!.lastDefinition).toEqual({ m: 8 });
    expect(written(calls[0].trace!)).toBe('n=4@1 m=8@2 n=5@1 m=10@2');
  });
});

describe('behaviour', () => {
  const same: [what: string, code: string, value: Value][] = [
    [
      'names of functions',
      'function f() { const a = () => 1; let b; b = function () {}; const { c = class {} } = {}; return [a.name, b.name, c.name] }',
      ['a', 'b', 'c'],
    ],
    [
      'a loop name declared anew in its body',
      'function f() { let s = 0; for (const x of [1, 2]) { let x = 5; s += x } return s }',
      10,
    ],
    [
      'this of method calls',
      'function f() { const o = { a: [1], pop() { return this.a } }; return o.pop() }',
      [1],
    ],
    ['a returned sequence', 'function f() { let a = (1, 2); return a++, a }', 3],
    ['default parameters', 'function f(a = 1, g = (b = (a, 5)) => a + b) { return g() }', 6],
    ['no semicolons', 'function f() {\n let a = 1\n let b = 2\n ;[a, b] = [b, a]\n return [a, b]\n}', [2, 1]],
    ['directives', 'function f() { "use strict"; let a = 1; return a }', 1],
    ['return without a value', 'function f(a) { let b = 1; if (b) return\n b = 2 }', undefined],
    ['finally', 'function f() { let a = 1; try { return a } finally { a = 2 } }', 1],
    ['a switch past a declaration', 'function f() { switch (2) { case 1: let x = 1; case 2: return 7 } }', 7],
    [
      'postfix results',
      'function f() { let i = 1; const a = [i++, i++, ++i]; return [i, a] }',
      [4, [1, 2, 4]],
    ],
    [
      'generators',
      'function* g() { let x = yield 1; x = yield x }\nfunction f() { const i = g(); i.next(); return i.next(5).value }',
      5,
    ],
    [
      'classes',
      'function f() { class A { #n = 0; static s = 1; static { A.s++ } inc() { this.#n++; return this.#n + A.s } } return new A().inc() }',
      3,
    ],
    [
      'closures over loops',
      'function f() { const g = []; for (let i = 0; i < 3; i++) g.push(() => i); return g.map((h) => h()) }',
      [0, 1, 2],
    ],
  ];
  it.each(same)('keeps %s', async (_, code, value) => {
    const { trace, ...call } = await traced(code);
    expect(call).toMatchObject({ status: 'ok', value });
    expect(trace.truncated).toBe(false);
  });
});
