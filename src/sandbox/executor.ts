import { type InstrumentedProgram, instrument } from '../program/instrument.ts';
import { isParseError, type ParsedProgram, type ParseError, parseProgram } from '../program/parse.ts';
import { canonical, opaque, parseCanonical } from '../program/values.ts';
import { EngineAbort } from './abi.ts';
import { Engine, type Handle, Image, SCRATCH } from './engine.ts';
import { EngineBroken } from './engine_broken.ts';
import { ANSWER_CODE } from './guest/answer.ts';
import { LOCK_DOWN_CODE } from './guest/lock_down.ts';
import { CONNECT_CODE, COUNTERS, TRACE_SLOTS, TRACER_CODE } from './guest/tracer.ts';
import { InputStore, type PreparedInputs } from './inputs.ts';
import { LIMITS } from './limits.ts';
import { clearTrace, decodeCoverage, decodeTrace } from './trace-decoder.ts';
import type { CallResult, ProgramJob, ProgramResult, RunOptions, RunStatus, Sandbox } from './types.ts';

/** A way in which loading or calling a program failed. */
interface Failure {
  status: Exclude<RunStatus, 'ok'>;
  error: string;
  line?: number;
  column?: number;
}

/** A job whose program the gate has seen. */
interface Gated {
  job: ProgramJob;
  fuel: number;
  parsed: ParsedProgram | ParseError;
}

/** A job's result without traces; no inputs when it did not load. */
interface Plain {
  result: ProgramResult;
  inputs?: PreparedInputs;
}

/** A program in the engine, ready to be called. */
interface Loaded {
  /** Absent when the program has no function of that name. */
  entry?: Handle;
  /** What loading took. */
  fuel: number;
}

/** Jobs done one kind of work after the other. */
const STRIDE = 32;

const IDENTIFIER = /^(?!__)[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u;

/**
 * Starts an in-process sandbox from the compiled `generated/quickjs.wasm`; the same code serves Node and workers.
 *
 * Before every program and before every call the engine's memory is copied back, so nothing passes from one to
 * the next, and equal jobs give equal results to the last unit of fuel.
 */
export async function createExecutor(module: WebAssembly.Module): Promise<Sandbox> {
  const executor = new Executor(await Engine.create(module));
  return {
    run: async (jobs, options) => executor.runAll(jobs, options),
    dispose: () => {},
  };
}

/** Asked at the start and after a crash: values, text, fuel and a trace must be the same. */
const PROBE: ProgramJob = {
  code: 'function f(a) {\n  let s = 1;\n  for (const x of a) s += x;\n  return [s, "" + s];\n}',
  entry: 'f',
  inputs: [[[1, 2]]],
  trace: [0],
};

/** Runs one program at a time in one engine. */
export class Executor {
  readonly #engine: Engine;
  readonly #answer: Handle;
  readonly #describe: Handle;
  readonly #startTrace: Handle;
  readonly #traceBuffer: Float64Array;
  readonly #hits: Uint32Array;
  readonly #base = new Image();
  readonly #loaded = new Image();
  readonly #inputs: InputStore;
  readonly #healthy: string;
  /** Whether the engine stopped for no reason that is a program's since it was last found healthy. */
  #crashed = false;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#traceBuffer = new Float64Array(engine.memory.buffer, SCRATCH.trace, TRACE_SLOTS.total);
    this.#hits = new Uint32Array(engine.memory.buffer, SCRATCH.hits, COUNTERS);
    const connect = engine.evaluate(CONNECT_CODE);
    this.#expect(
      engine.call(connect, [
        engine.sharedBuffer(SCRATCH.trace, this.#traceBuffer.byteLength),
        engine.sharedBuffer(SCRATCH.hits, this.#hits.byteLength),
      ]),
    );
    this.#expect(engine.evaluate(LOCK_DOWN_CODE));
    const answers = this.#expect(engine.evaluate(ANSWER_CODE));
    [this.#answer, this.#describe] = [0, 1].map((i) => engine.element(answers, i));
    this.#startTrace = this.#expect(engine.evaluate(TRACER_CODE));
    engine.save(this.#base);
    this.#inputs = new InputStore(engine, this.#base);
    this.#healthy = JSON.stringify(this.#probe());
  }

  /** Runs programs in order; between two of them it reports and can be stopped. */
  runAll(jobs: ProgramJob[], { signal, onProgress }: RunOptions = {}): ProgramResult[] {
    const results: ProgramResult[] = [];
    for (let at = 0; at < jobs.length; at += STRIDE) {
      // One kind of work after the other: parsing, rewriting and the engine push each other out of the caches,
      // and taking turns program by program costs half as much time again.
      const stride = jobs.slice(at, at + STRIDE).map((job) => this.#parse(job));
      const plain = stride.map((gated) => {
        signal?.throwIfAborted();
        const result = this.#runPlain(gated);
        this.#checkHealth();
        return result;
      });
      const rewritten = stride.map((gated, i) => this.#rewrite(gated, plain[i]));
      for (const [i, { job }] of stride.entries()) {
        signal?.throwIfAborted();
        this.#runTraced(job, plain[i], rewritten[i]);
        this.#checkHealth();
        results.push(plain[i].result);
        onProgress?.(results.length, jobs.length);
      }
    }
    return results;
  }

  #probe(): ProgramResult {
    const gated = this.#parse(PROBE);
    const plain = this.#runPlain(gated);
    this.#runTraced(PROBE, plain, this.#rewrite(gated, plain));
    return plain.result;
  }

  #checkHealth(): void {
    if (!this.#crashed) return;
    if (JSON.stringify(this.#probe()) !== this.#healthy)
      throw new EngineBroken('sandbox: after a crash the engine gives wrong answers');
    this.#crashed = false;
  }

  #parse(job: ProgramJob): Gated {
    const fuel = checkedFuel(job);
    for (const index of job.trace ?? [])
      if (!(index in job.inputs))
        throw new Error(`sandbox: trace names call ${index} of ${job.inputs.length}`);
    return { job, fuel, parsed: parseProgram(job.code) };
  }

  /** Loads a program and makes its calls. */
  #runPlain({ job, fuel: callFuel, parsed }: Gated): Plain {
    if (isParseError(parsed)) {
      const { error, line, column } = parsed;
      return { result: loadFailure(job, { status: 'syntax_error', error, line, column, fuel: 0 }) };
    }
    this.#engine.heal();
    const inputs = this.#inputs.prepare(job.inputs);
    if (!inputs) return { result: loadFailure(job, INPUTS_TOO_LARGE) };
    const loaded = this.#load(job, job.code, inputs, callFuel);
    if ('status' in loaded) return { result: loadFailure(job, loaded) };
    if (job.inputs.length > 1) this.#engine.save(this.#loaded);
    let fuel = callFuel;
    const calls = inputs.calls.map((args, index) => {
      if (index > 0) this.#engine.restore(this.#loaded);
      const call = this.#call(job, loaded, args, fuel);
      if (call.status === 'timeout') fuel = LIMITS.laterFuel;
      return call;
    });
    return { result: { loadFuel: loaded.fuel, calls }, inputs };
  }

  /** The program that records what it does, where the job asks for traces and there are calls to trace. */
  #rewrite({ job, parsed }: Gated, { inputs }: Plain): InstrumentedProgram | undefined {
    if (!inputs || !job.trace?.length || isParseError(parsed)) return undefined;
    return instrument(parsed, job.traced ?? job.entry, job.traceMode);
  }

  /** Makes the program's globals and finds the function to call. */
  #load(
    job: ProgramJob,
    code: string,
    { image }: PreparedInputs,
    fuel: number,
  ): Loaded | (Failure & { fuel: number }) {
    const engine = this.#engine;
    engine.restore(image);
    let spent: number | undefined;
    const outcome = this.#guard(() => {
      engine.fuel = fuel;
      // In one script, as each costs time: the program ends on a line of its own, the value is the script's.
      const lookup = `\n;typeof ${job.entry} === 'function' ? ${job.entry} : 0`;
      const loaded = engine.evaluate(code + lookup, 'program');
      spent = fuel - engine.fuel;
      const thrown = engine.exception(loaded);
      if (thrown) {
        const failure = this.#failure(thrown, true);
        // A program may throw a SyntaxError itself, which is not one of its own.
        return failure.status === 'syntax_error' && this.#compiles(code, fuel)
          ? { ...failure, status: 'runtime_error' as const }
          : failure;
      }
      return engine.isFunction(loaded) ? { entry: loaded } : {};
    });
    return { ...outcome, fuel: spent ?? this.#spent(fuel) };
  }

  /** Whether the engine reads the program, which is not run. */
  #compiles(code: string, fuel: number): boolean {
    const engine = this.#engine;
    engine.restore(this.#base);
    engine.fuel = fuel;
    return engine.exception(engine.evaluate(`(function(){${code}\n})`)) === 0;
  }

  #call(job: ProgramJob, { entry }: Loaded, args: Handle[], fuel: number): CallResult {
    const engine = this.#engine;
    if (entry === undefined) return { status: 'runtime_error', error: `no function ${job.entry}`, fuel: 0 };
    let spent: number | undefined;
    const outcome = this.#guard<Outcome>(() => {
      engine.fuel = fuel;
      const returned = engine.call(entry, args);
      spent = fuel - engine.fuel;
      const thrown = engine.exception(returned);
      if (thrown) return this.#failure(thrown, false);
      // What most tests return needs no text.
      const integer = engine.integer(returned);
      if (integer !== undefined) return { status: 'ok', value: integer };
      engine.unlimited();
      const answer = engine.call(this.#answer, [returned]);
      const failed = engine.exception(answer);
      if (failed) return this.#failure(failed, false);
      return readAnswer(engine.string(answer));
    });
    return { ...outcome, fuel: spent ?? this.#spent(fuel) };
  }

  /** Fuel taken by what the engine was stopped in; the last charge may be for more than was left. */
  #spent(fuel: number): number {
    return Math.min(fuel, fuel - this.#engine.fuel);
  }

  /** Adds traces to the results of plain calls, which alone decide how a call ended. */
  #runTraced(job: ProgramJob, { result, inputs }: Plain, program: InstrumentedProgram | undefined): void {
    if (!inputs || !program) return;
    const engine = this.#engine;
    const { trace: indices = [], fuel: callFuel = LIMITS.callFuel } = job;
    const traceFuel = (callFuel / LIMITS.callFuel) * LIMITS.traceFuel;
    engine.heal();
    const loaded = this.#load(job, program.code, inputs, traceFuel);
    if ('status' in loaded) return;
    engine.unlimited();
    this.#expect(engine.call(this.#startTrace, []));
    if (indices.length > 1) engine.save(this.#loaded);
    for (const [turn, index] of indices.entries()) {
      const call = result.calls[index];
      if (turn > 0) engine.restore(this.#loaded);
      clearTrace(this.#traceBuffer, this.#hits, program);
      // More fuel would only show more turns of a loop that does not end.
      const fuel = call.status === 'timeout' ? callFuel : traceFuel;
      const traced = this.#call(job, loaded, inputs.calls[index], fuel);
      call.trace = decodeTrace(this.#traceBuffer, this.#hits, program);
      call.coverage = decodeCoverage(this.#hits, program.counters);
      // Recording costs memory and fuel: a traced call may end before the plain one did.
      if (!sameOutcome(traced, call)) call.trace.truncated = true;
      if (call.status !== 'ok' && call.line === undefined && this.#hits[0] > 0)
        call.line = program.counters[this.#hits[0]].line;
    }
  }

  #failure(thrown: Handle, loading: boolean): Failure {
    const { exhausted } = this.#engine;
    this.#engine.unlimited();
    const text = this.#engine.call(this.#describe, [thrown]);
    if (text === 0 || this.#engine.exception(text)) return exhausted ? OUT_OF_MEMORY : this.#crash();
    return this.#described(this.#engine.string(text) ?? '"Error"\n""', loading);
  }

  /** Reads the guest's description of a thrown value: its text and its stack, a JSON string each. */
  #described(text: string, loading: boolean): Failure {
    const [error, stack] = text.split('\n').map((part) => JSON.parse(part) as string);
    const [, line, column] = /\(?program\.js:(\d{1,5})(?::(\d+))?/.exec(stack) ?? [];
    // Names and messages prove nothing: a program may throw any.
    const isMemory = this.#engine.exhausted;
    const status = isMemory
      ? 'out_of_memory'
      : loading && error.startsWith('SyntaxError')
        ? 'syntax_error'
        : 'runtime_error';
    return {
      status,
      error: isMemory ? OUT_OF_MEMORY.error : error,
      ...(line && { line: Number(line) }),
      ...(loading && column && { column: Number(column) }),
    };
  }

  /** Runs engine code, turning what it throws at the host into a failure; a restore heals the engine. */
  #guard<T>(run: () => T | Failure): T | Failure {
    try {
      return run();
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) {
        if (this.#engine.overflowed) return STACK_OVERFLOW;
        if (this.#engine.fuel <= 0) return { status: 'timeout', error: 'the program ran for too long' };
        return this.#engine.exhausted ? OUT_OF_MEMORY : this.#crash();
      }
      // The host's stack ended before the engine's own limit.
      if (error instanceof RangeError) return STACK_OVERFLOW;
      if (error instanceof EngineAbort) return this.#crash();
      throw error;
    }
  }

  #crash(): Failure {
    this.#crashed = true;
    return STOPPED;
  }

  /** A handle of our own code's, which does not fail. */
  #expect(handle: Handle): Handle {
    const thrown = this.#engine.exception(handle);
    if (thrown) throw new Error(`sandbox: internal: ${this.#failure(thrown, true).error}`);
    return handle;
  }
}

/** A call's result without what it cost. */
type Outcome = Omit<CallResult, 'fuel'>;

const OUT_OF_MEMORY: Failure = { status: 'out_of_memory', error: 'the program ran out of memory' };
const STACK_OVERFLOW: Failure = { status: 'runtime_error', error: 'InternalError: stack overflow' };
const INPUTS_TOO_LARGE = {
  status: 'out_of_memory',
  error: 'the inputs do not fit in the sandbox',
  fuel: 0,
} as const;
const STOPPED: Failure = { status: 'runtime_error', error: 'InternalError: the engine stopped' };

/** The encoder's answer: `V` and the canonical text of a value, or `L` for one that is too large to leave. */
function readAnswer(text: string | undefined): Outcome {
  if (text === undefined) return OUT_OF_MEMORY;
  return { status: 'ok', value: text[0] === 'V' ? parseCanonical(text.slice(1)) : opaque('large') };
}

/** Whether two calls ended alike; unlike in grading, opaque values of one kind are alike. */
function sameOutcome(a: CallResult, b: CallResult): boolean {
  return a.status === b.status && canonical(a.value) === canonical(b.value);
}

function loadFailure(
  job: ProgramJob,
  { fuel: loadFuel, ...failure }: Failure & { fuel: number },
): ProgramResult {
  const { status, error, line } = failure;
  return {
    loadError: failure,
    loadFuel,
    calls: job.inputs.map(() => ({ status, error, ...(line !== undefined && { line }), fuel: 0 })),
  };
}

/** The fuel of a job, whose other fields are checked too. */
function checkedFuel({ entry, traced, fuel = LIMITS.callFuel }: ProgramJob): number {
  for (const name of [entry, traced ?? entry])
    if (!IDENTIFIER.test(name)) throw new Error(`sandbox: ${name} cannot be the name of a function`);
  if (!Number.isInteger(fuel) || fuel < 1 || fuel > LIMITS.maxFuel)
    throw new Error(`sandbox: fuel must be an integer from 1 to ${LIMITS.maxFuel}, got ${fuel}`);
  return fuel;
}
