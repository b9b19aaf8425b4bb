import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { EngineBackend } from './backend.ts';
import type { Kernel } from './kernel.ts';
import type { Op } from './register.ts';
import { sumRows } from './sum.ts';
import { lines, range, variants } from './variants.ts';

/**
 * c [m, n] = a b in one of three forms: `nn` a [m, k], b [k, n] (a layer's output); `nt` a [m, k], b [n, k] (the
 * gradient of its input, and tied logits); `tn` a [k, m], b [k, n] (the gradient of its weight).
 */
export type Form = 'nn' | 'nt' | 'tn';

/** How the work is divided. */
export interface Variant {
  /** Rows and columns that one invocation holds in registers, multiples of 4. */
  rows: number;
  columns: number;
  /** Whether a workgroup shares blocks of a and b through its own memory. */
  shared: boolean;
  /** Whether a second dispatch adds up the chunks of long sums, which then run side by side. */
  split: boolean;
}

/**
 * Sums over k are made in chunks of this length, and the chunks' sums are added in order, whether one invocation
 * does all of it or several divide it: so every variant adds the same numbers in the same order.
 */
export const CHUNK = 512;

/** A workgroup with shared memory is SIDE x SIDE invocations and loads DEPTH steps of k at a time. */
const SIDE = 16;
const DEPTH = 16;

/** Which of a, b, c have inner dimensions of whole vectors, and are read or written as such. */
interface Vectors {
  a: boolean;
  b: boolean;
  c: boolean;
}

/** Reads four neighbours of a line of an operand; zero past its inner dimension's end. */
function readText(name: 'a' | 'b', vectors: boolean, inner: string): string {
  const value = vectors
    ? `${name}[(line + at) / 4u]`
    : `vec4f(${range(4)
        .map((t) => `select(0.0, ${name}[line + at + ${t}u], at + ${t}u < ${inner})`)
        .join(', ')})`;
  return `fn read_${name}(line: u32, at: u32) -> vec4f { return ${value}; }`;
}

/** Writes four neighbours of the result, plus the residual where there is one. */
function storeText(vectors: boolean, residual: boolean): string {
  const put = (at: string, value: string) => `c[${at}] = ${residual ? `r[${at}] + ` : ''}${value};`;
  return `fn store(base: u32, row: u32, column: u32, value: vec4f) {
  if (row >= u.m) { return; }
  let at = base + row * u.n + column;
  ${
    vectors
      ? `if (column < u.n) { ${put('at / 4u', 'value')} }`
      : lines(4, (t) => `if (column + ${t}u < u.n) { ${put(`at + ${t}u`, `value[${t}]`)} }`)
  }
}`;
}

/** Accumulators of one invocation, `<name><row>_<vector of columns>`. */
const tileOf = ({ rows, columns }: Variant) =>
  range(rows).flatMap((i) => range(columns / 4).map((j) => `${i}_${j}`));

/** Each invocation reads what it needs for its rows and columns, four steps of k at a time. */
function registerText(form: Form, variant: Variant, vectors: Vectors): string {
  const { rows, columns, split } = variant;
  const tile = tileOf(variant);
  const [alongA, alongB] = [form !== 'tn', form === 'nt'];
  const step = (t: number) => {
    const a = (i: number) => (alongA ? `a${i}[${t}]` : `a${Math.floor(i / 4)}[${i % 4}]`);
    const past = `(k + ${t}u)`;
    const row = form === 'nn' && vectors.a ? past : `min(${past}, u.k - 1u)`;
    return `{
      ${form === 'tn' ? lines(rows / 4, (i) => `let a${i} = select(vec4f(), read_a(${row} * u.m, p${i}), ${past} < u.k);`) : ''}
      ${
        alongB
          ? lines(columns / 4, (j) => `let b${j} = vec4f(${range(4).map((s) => `w${4 * j + s}[${t}]`)});`)
          : lines(columns / 4, (j) => `let b${j} = read_b(${row} * u.n, q${j});`)
      }
      ${tile.map((at) => `s${at} += ${a(Number(at.split('_')[0]))} * b${at.split('_')[1]};`).join('\n')}
    }`;
  };
  return `fn run(index: u32) {
  let across = (u.n + ${columns - 1}u) / ${columns}u;
  let tiles = across * ((u.m + ${rows - 1}u) / ${rows}u);
  let row = index % tiles / across * ${rows}u;
  let column = index % across * ${columns}u;
  var chunk = index / tiles;
  let chunks = ${split ? 'chunk + 1u' : `(u.k + ${CHUNK - 1}u) / ${CHUNK}u`};
  if (chunk * ${CHUNK}u >= u.k || index >= tiles * u.parts) { return; }
  ${
    alongA
      ? lines(rows, (i) => `let p${i} = min(row + ${i}u, u.m - 1u) * u.k;`)
      : lines(rows / 4, (i) => `let p${i} = min(row + ${4 * i}u, u.m - 1u);`)
  }
  ${
    alongB
      ? lines(columns, (j) => `let q${j} = min(column + ${j}u, u.n - 1u) * u.k;`)
      : lines(columns / 4, (j) => `let q${j} = min(column + ${4 * j}u, u.n - 1u);`)
  }
  let base = ${split ? 'chunk * u.m * u.n' : '0u'};
  ${tile.map((at) => `var c${at} = vec4f();`).join('\n')}
  for (; chunk < chunks; chunk++) {
    ${tile.map((at) => `var s${at} = vec4f();`).join('\n')}
    for (var k = chunk * ${CHUNK}u; k < min((chunk + 1u) * ${CHUNK}u, u.k); k += 4u) {
      ${alongA ? lines(rows, (i) => `let a${i} = read_a(p${i}, k);`) : ''}
      ${alongB ? lines(columns, (j) => `let w${j} = read_b(q${j}, k);`) : ''}
      ${range(4).map(step).join('\n')}
    }
    ${tile.map((at) => `c${at} += s${at};`).join('\n')}
  }
  ${tile.map((at) => `store(base, row + ${at.split('_')[0]}u, column + ${4 * Number(at.split('_')[1])}u, c${at});`).join('\n')}
}`;
}

/** A workgroup loads blocks of a and b into its memory, of which each invocation multiplies its part. */
function sharedText(form: Form, variant: Variant): string {
  const { rows, columns, split } = variant;
  const tile = tileOf(variant);
  const [high, wide] = [SIDE * rows, SIDE * columns];
  const fill = (
    name: 'a' | 'b',
    size: number,
    along: boolean,
    start: string,
    outer: string,
    inner: string,
  ) => {
    const vectors = (size * DEPTH) / 4;
    const place = along
      ? { line: `i / ${DEPTH / 4}u`, k: `i % ${DEPTH / 4}u * 4u` }
      : { line: `i % ${size / 4}u * 4u`, k: `i / ${size / 4}u` };
    return `for (var i = local; i < ${vectors}u; i += ${SIDE * SIDE}u) {
        let line = ${place.line};
        let at = ${place.k};
        ${
          along
            ? `let v = read_${name}(min(${start} + line, ${outer} - 1u) * u.k, min(k + at, u.k - 1u));
        ${lines(4, (t) => `${name}Block[(at + ${t}u) * ${size}u + line] = select(0.0, v[${t}], k + at + ${t}u < u.k);`)}`
            : `let v = select(vec4f(), read_${name}(min(k + at, u.k - 1u) * ${inner}, min(${start} + line, ${inner} - 1u)), k + at < u.k);
        ${lines(4, (t) => `${name}Block[at * ${size}u + line + ${t}u] = v[${t}];`)}`
        }
      }`;
  };
  return `var<workgroup> aBlock: array<f32, ${high * DEPTH}>;
var<workgroup> bBlock: array<f32, ${wide * DEPTH}>;
fn run(group: u32, local: u32) {
  let across = (u.n + ${wide - 1}u) / ${wide}u;
  let tiles = across * ((u.m + ${high - 1}u) / ${high}u);
  let row = group % tiles / across * ${high}u;
  let column = group % across * ${wide}u;
  var chunk = group / tiles;
  let chunks = ${split ? 'chunk + 1u' : `(u.k + ${CHUNK - 1}u) / ${CHUNK}u`};
  if (chunk * ${CHUNK}u >= u.k || group >= tiles * u.parts) { return; }
  let ownRow = local / ${SIDE}u * ${rows}u;
  let ownColumn = local % ${SIDE}u * ${columns}u;
  let base = ${split ? 'chunk * u.m * u.n' : '0u'};
  ${tile.map((at) => `var c${at} = vec4f();`).join('\n')}
  for (; chunk < chunks; chunk++) {
    ${tile.map((at) => `var s${at} = vec4f();`).join('\n')}
    for (var k = chunk * ${CHUNK}u; k < min((chunk + 1u) * ${CHUNK}u, u.k); k += ${DEPTH}u) {
      ${fill('a', high, form !== 'tn', 'row', 'u.m', 'u.m')}
      ${fill('b', wide, form === 'nt', 'column', 'u.n', 'u.n')}
      workgroupBarrier();
      for (var t = 0u; t < ${DEPTH}u; t++) {
        ${lines(rows, (i) => `let a${i} = aBlock[t * ${high}u + ownRow + ${i}u];`)}
        ${lines(
          columns / 4,
          (j) =>
            `let b${j} = vec4f(${range(4).map((s) => `bBlock[t * ${wide}u + ownColumn + ${4 * j + s}u]`)});`,
        )}
        ${tile.map((at) => `s${at} += a${at.split('_')[0]} * b${at.split('_')[1]};`).join('\n')}
      }
      workgroupBarrier();
    }
    ${tile.map((at) => `c${at} += s${at};`).join('\n')}
  }
  ${tile.map((at) => `store(base, row + ownRow + ${at.split('_')[0]}u, column + ownColumn + ${4 * Number(at.split('_')[1])}u, c${at});`).join('\n')}
}`;
}

const family = variants(
  (
    form: Form,
    rows: number,
    columns: number,
    shared: boolean,
    split: boolean,
    a: boolean,
    b: boolean,
    c: boolean,
    residual: boolean,
  ): Kernel => {
    const variant = { rows, columns, shared, split };
    const vectors = { a, b, c };
    const element = (whole: boolean) => (whole ? 'vec4f' : 'f32');
    const name = `matmul ${form} ${variantName(variant)}`;
    return {
      name: `${name} ${+a}${+b}${+c}${residual ? ' + residual' : ''}`,
      reads: { a: element(a), b: element(b), ...(residual && { r: element(c) }) },
      writes: { c: element(c) },
      uniforms: { m: 'u32', n: 'u32', k: 'u32', parts: 'u32' },
      workgroup: shared ? SIDE * SIDE : 16,
      cooperative: shared,
      code: [
        readText('a', a, form === 'tn' ? 'u.m' : 'u.k'),
        readText('b', b, form === 'nt' ? 'u.k' : 'u.n'),
        storeText(c, residual),
        shared ? sharedText(form, variant) : registerText(form, variant, vectors),
      ].join('\n'),
    };
  },
);

/** A short name of a variant, for reports. */
export function variantName({ rows, columns, shared, split }: Variant): string {
  return `${rows}x${columns}${shared ? ' shared' : ''}${split ? ' split' : ''}`;
}

/** The kernel of a variant for given dimensions. */
export function matmulKernel(
  form: Form,
  { rows, columns, shared, split }: Variant,
  [m, n, k]: readonly [number, number, number],
  residual = false,
): Kernel {
  const [whole, innerA, innerB] = [n, form === 'tn' ? m : k, form === 'nt' ? k : n].map((x) => x % 4 === 0);
  return family(form, rows, columns, shared, split, innerA, innerB, whole, residual);
}

/** c = a b, or residual + a b. */
export function multiply(
  backend: EngineBackend,
  form: Form,
  variant: Variant,
  a: TensorInfo,
  b: TensorInfo,
  residual?: TensorInfo,
): TensorInfo {
  const [m, k] = form === 'tn' ? [a.shape[1], a.shape[0]] : a.shape;
  const n = form === 'nt' ? b.shape[0] : b.shape[1];
  const parts = Math.max(1, Math.ceil(k / CHUNK));
  // Vectors of partial sums must not straddle two rows of the sum.
  const split = variant.split && parts > 1 && residual === undefined && (m * n) % 4 === 0;
  const used = { ...variant, split };
  const out = backend.make(split ? [parts, m * n] : [m, n]);
  const [high, wide] = variant.shared
    ? [SIDE * variant.rows, SIDE * variant.columns]
    : [variant.rows, variant.columns];
  const tiles = Math.ceil(m / high) * Math.ceil(n / wide) * (split ? parts : 1);
  backend.dispatch(matmulKernel(form, used, [m, n, k], residual !== undefined), {
    reads: residual ? [a, b, residual] : [a, b],
    writes: [out],
    uniforms: [m, n, k, split ? parts : 1],
    threads: tiles * (variant.shared ? SIDE * SIDE : 1),
  });
  return split ? sumRows(backend, out, [m, n]) : out;
}

/** Dimensions that are read in whole vectors, as those of most layers. */
const ALIGNED = [4, 4, 4] as const;

/** The contracts of LinearMatMul and LinearMatMulAdd; see ../matmul.ts. */
export const MATMUL: Op = {
  kernels: (backend) => [
    ...(['nn', 'nt', 'tn'] as const).map((form) => matmulKernel(form, backend.matmul[form], ALIGNED)),
    matmulKernel('nn', backend.matmul.nn, ALIGNED, true),
  ],
  bodies: {
    LinearMatMul(backend, { a, b }, { transposeA, transposeB }) {
      const form = transposeA ? 'tn' : transposeB ? 'nt' : 'nn';
      return [multiply(backend, form, backend.matmul[form], a, b)];
    },
    LinearMatMulAdd(backend, { a, b, residual }) {
      return [multiply(backend, 'nn', backend.matmul.nn, a, b, residual)];
    },
  },
};
