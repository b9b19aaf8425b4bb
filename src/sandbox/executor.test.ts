import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { Value } from '../program/values.ts';
import { EngineAbort } from './abi.ts';
import { Engine } from './engine.ts';
import { EngineBroken } from './engine_broken.ts';
import { Executor } from './executor.ts';
import { LIMITS } from './limits.ts';
import { createNodeSandbox, loadEngineModule } from './node.ts';
import type { ProgramJob, ProgramResult, Sandbox } from './types.ts';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await createNodeSandbox();
});

async function run(code: string, ...inputs: Value[][]): Promise<ProgramResult> {
  const [result] = await sandbox.run([{ code, entry: 'f', inputs: inputs.length > 0 ? inputs : [[]] }]);
  return result;
}

describe('values', () => {
  it.each<[Value]>([
    [1],
    [0.1 + 0.2],
    [1e21],
    [5e-324],
    [Number.NaN],
    [Number.NEGATIVE_INFINITY],
    ['é\u2028\ud800"\\\u0000x'],
    [true],
    [null],
    [undefined],
    [[1, ['a', [null]], undefined]],
  ])('%j passes through', async (value) => {
    const { calls } = await run('const f = (x) => x;', [value]);
    expect(calls).toEqual([{ status: 'ok', value, fuel: expect.any(Number) }]);
  });

  it('outside the data types are opaque', async () => {
    const { calls } = await run('function f() { return [{}, () => 1, 1n, Symbol.iterator, new Map()] }');
    const kinds = ['object', 'function', 'bigint', 'symbol', 'object'].map((kind) => `\u0000${kind}`);
    expect(calls).toEqual([{ status: 'ok', value: kinds, fuel: expect.any(Number) }]);
  });

  it.each(['new Array(5000).fill(1)', '"x".repeat(4097)', '[[], "x".repeat(5000)]'])(
    'too large to leave are opaque: %s',
    async (expression) => {
      const { calls } = await run(`function f() { return ${expression} }`);
      expect(calls[0]).toMatchObject({ status: 'ok', value: '\u0000large' });
    },
  );
});

describe('statuses', () => {
  it.each([
    ['a missing function', 'function g() {}', { status: 'runtime_error', error: 'no function f' }],
    ['a value that is no function', 'var f = 6', { status: 'runtime_error', error: 'no function f' }],
    [
      'an error',
      'function f() {\n  return null.x;\n}',
      { status: 'runtime_error', error: /^TypeError: /, line: 2 },
    ],
    ['a thrown value', 'function f() { throw [1] }', { status: 'runtime_error', error: 'thrown: [1]' }],
    [
      'a forged lack of memory',
      'function f() { throw { name: "InternalError", message: "out of memory" } }',
      { status: 'runtime_error' },
    ],
    ['recursion', 'function f() { return f() }', { status: 'runtime_error', error: /stack overflow/ }],
    ['an endless loop', 'function f() { for (;;); }', { status: 'timeout' }],
    [
      'an endless regular expression',
      'function f() { return /^(a+)+$/.test("a".repeat(40) + "!") }',
      { status: 'timeout' },
    ],
    [
      'memory',
      'function f() { const x = []; for (;;) x.push(new Uint8Array(1 << 19)) }',
      { status: 'out_of_memory' },
    ],
  ])('%s', async (_, code, outcome) => {
    const { error, ...expected } = outcome as { status: string; error?: string | RegExp };
    const { calls, loadError } = await run(code);
    expect(loadError).toBeUndefined();
    expect(calls[0]).toMatchObject(expected);
    if (error) expect(calls[0].error).toMatch(error);
  });

  it.each([
    ['syntax', 'function f( {', { status: 'syntax_error', line: 1, column: 14 }],
    [
      'an error at load',
      'let a = 1;\nnull.x;\nfunction f() {}',
      { status: 'runtime_error', line: 2, column: 5 },
    ],
    ['a SyntaxError thrown', 'throw new SyntaxError("mine")', { status: 'runtime_error', line: 1 }],
    ['an endless load', 'for (;;);', { status: 'timeout' }],
  ])('%s fails all calls', async (_, code, expected) => {
    const { loadError, calls } = await run(code, [], []);
    expect(loadError).toMatchObject(expected);
    expect(calls.map(({ status }) => status)).toEqual([expected.status, expected.status]);
  });

  it('inputs that do not fit fail their own job alone', async () => {
    const code = 'function f() { return 1 }';
    const [large, small] = await sandbox.run([
      { code, entry: 'f', inputs: [['x'.repeat(2_000_000)]] },
      { code, entry: 'f', inputs: [[]] },
    ]);
    expect(large.loadError?.status).toBe('out_of_memory');
    expect(small.calls[0].value).toBe(1);
  });

  it('spends little on the calls after one that did not end', async () => {
    const { calls } = await run(
      'function f(n) { for (let i = 0; i < n; i++); return n }',
      [1e9],
      [10],
      [1e9],
    );
    expect(calls.map(({ status }) => status)).toEqual(['timeout', 'ok', 'timeout']);
  });

  it('refuses an entry that is no name', async () => {
    await expect(sandbox.run([{ code: '', entry: 'a b', inputs: [[]] }])).rejects.toThrow(
      /cannot be the name/,
    );
  });
});

describe('fuel', () => {
  it('is what loading and each call took, apart from results', async () => {
    const code = `let t = 0; for (let i = 0; i < 100; i++) t += i;
function f(n) { const a = []; for (let i = 0; i < n; i++) a.push(i); return a }`;
    const { loadFuel, calls } = await run(code, [10], [10], [20]);
    expect(loadFuel).toBeGreaterThan(500);
    expect(calls[1].fuel).toBe(calls[0].fuel);
    expect(calls[2].fuel).toBeGreaterThan(calls[0].fuel);
    expect(calls[2].fuel).toBeLessThan(2 * calls[0].fuel);
  });

  it('is all there was when a call did not end', async () => {
    const { calls } = await run('function f() { for (;;); }', [], []);
    expect(calls.map(({ fuel }) => fuel)).toEqual([LIMITS.callFuel, LIMITS.laterFuel]);
  });

  it('can be more where a job says so', async () => {
    const job = {
      code: 'function f() { for (let i = 0; i < 1e5; i++); return 1 }',
      entry: 'f',
      inputs: [[]],
    };
    const [short, long] = await sandbox.run([job, { ...job, fuel: 4_000_000, trace: [0] }]);
    expect([short.calls[0].status, long.calls[0].status]).toEqual(['timeout', 'ok']);
    expect(long.calls[0].coverage?.loops).toEqual([{ line: 1, column: 16, turns: 100_000 }]);
    await expect(sandbox.run([{ ...job, fuel: 0.5 }])).rejects.toThrow(/fuel must be an integer/);
  });
});

describe('a run', () => {
  const job = { code: 'function f() { return 1 }', entry: 'f', inputs: [[]] };

  it('says how far it is and stops when told to', async () => {
    const seen: number[] = [];
    const stop = new AbortController();
    const onProgress = (ended: number, total: number) => {
      seen.push(ended / total);
      if (ended === 2) stop.abort(new Error('enough'));
    };
    await expect(sandbox.run([job, job, job, job], { signal: stop.signal, onProgress })).rejects.toThrow(
      'enough',
    );
    expect(seen).toEqual([0.25, 0.5]);
  });
});

it('encodes the largest result whatever the call used', async () => {
  const { calls } = await run('function f() { return new Array(4000).fill("abc") }');
  expect(calls[0].status).toBe('ok');
});

describe('isolation', () => {
  it('starts every call from the freshly loaded program', async () => {
    const { calls } = await run('let n = 0;\nfunction f(a) { a.push(n++); return a }', [[1]], [[1]], [[2]]);
    expect(calls.map(({ value }) => value)).toEqual([
      [1, 0],
      [1, 0],
      [2, 0],
    ]);
  });

  it('keeps nothing for the next program', async () => {
    await run('globalThis.leak = 1; Array.prototype.leak = 1; Object.freeze(globalThis);\nfunction f() {}');
    const { calls } = await run(
      'function f() { return [typeof leak, typeof [].leak, Object.isFrozen(globalThis)] }',
    );
    expect(calls[0].value).toEqual(['undefined', 'undefined', false]);
  });

  it('offers no way out', async () => {
    const names = [
      'eval',
      'Proxy',
      'Date',
      'WeakRef',
      'fetch',
      'process',
      'require',
      'console',
      'setTimeout',
      'Atomics',
    ];
    const { calls } = await run(
      `function f() { return [${names.map((name) => `typeof ${name}`).join(',')}] }`,
    );
    expect(new Set(calls[0].value as string[])).toEqual(new Set(['undefined']));
    const text = [
      'Function("return 1")()',
      '(() => 1).constructor("return 1")()',
      '(function* () {}).constructor("yield 1")',
    ];
    for (const code of text) {
      expect((await run(`function f() { return ${code} }`)).calls[0].status).toBe('runtime_error');
    }
  });

  it('hides the tracer', async () => {
    const { calls } = await run(
      "function f() { return ['__d', '__H', '__host', '__buffers'].map((k) => typeof globalThis[k]) }",
    );
    expect(new Set(calls[0].value as string[])).toEqual(new Set(['undefined']));
  });
});

describe('a crash of the engine', () => {
  const job: ProgramJob = { code: 'function f() { return 1 }', entry: 'f', inputs: [[]] };
  const abort = () => {
    throw new EngineAbort('engine: abort');
  };

  it('fails one program when the engine is well afterwards', async () => {
    const engine = await Engine.create(await loadEngineModule());
    const executor = new Executor(engine);
    executor.runAll([job]);
    vi.spyOn(engine, 'evaluate').mockImplementationOnce(abort);
    const [crashed, after] = executor.runAll([job, job]);
    expect(crashed.loadError).toMatchObject({
      status: 'runtime_error',
      error: expect.stringMatching(/engine stopped/),
    });
    expect(after.calls[0].value).toBe(1);
  });

  it('ends the run when the engine answers wrongly afterwards', async () => {
    const engine = await Engine.create(await loadEngineModule());
    const executor = new Executor(engine);
    executor.runAll([job]);
    vi.spyOn(engine, 'evaluate').mockImplementation(abort);
    expect(() => executor.runAll([job])).toThrow(EngineBroken);
  });
});

describe('determinism', () => {
  const jobs: ProgramJob[] = [
    {
      code: 'function f() { return [Math.random(), Math.random()] }',
      entry: 'f',
      inputs: [[], []],
      trace: [1],
    },
    { code: 'function f() { for (;;) ; }', entry: 'f', inputs: [[]], trace: [0] },
    {
      code: 'function f() { const x = []; for (;;) x.push(x.length) }',
      entry: 'f',
      inputs: [[]],
      trace: [0],
    },
    {
      code: 'function f(n) { return n < 2 ? n : f(n - 1) + f(n - 2) }',
      entry: 'f',
      inputs: [[5], [15], [40]],
    },
    {
      code: 'function f(a) { return a.sort((x, y) => y - x) }',
      entry: 'f',
      inputs: [[[3, 1, 2]]],
      trace: [0],
    },
  ];

  it('gives equal jobs equal results, in any order and any engine', async () => {
    const first = await sandbox.run(jobs);
    expect(await sandbox.run(jobs)).toEqual(first);
    expect((await sandbox.run([...jobs].reverse())).reverse()).toEqual(first);
    expect(await (await createNodeSandbox()).run(jobs)).toEqual(first);
  });
});
