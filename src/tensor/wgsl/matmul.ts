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
export const FORMS = ['nn', 'nt', 'tn'] as const;
export type Form = (typeof FORMS)[number];

/**
 * How the work is divided. Every variant adds four products at a time to its sum, k ascending, so all give the same
 * bits.
 */
export interface Variant {
  /** Rows and columns that one invocation holds in registers, multiples of 4. */
  rows: number;
  columns: number;
  /** Whether a workgroup shares blocks of a and b through its own memory. */
  shared: boolean;
}

/**
 * The gradient of a weight sums over tokens, of which there are many more than rows and columns: chunks of them are
 * summed side by side, and a second dispatch adds the chunks in order.
 */
export const CHUNK = 512;

/** For dimensions that are no whole vectors: rare, so compiled fast rather than fast. */
const ODD: Variant = { rows: 4, columns: 4, shared: false };

/** A workgroup with shared memory is SIDE x SIDE invocations and loads DEPTH steps of k at a time. */
const SIDE = 16;
const DEPTH = 16;

/** Invocations of a workgroup without: small, for large tiles are few. */
const WORKGROUP = 16;

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

/** Writes a tile of sums, `s<row>_<vector of columns>`, plus the residual where there is one. */
function storeText({ rows, columns }: Variant, vectors: boolean, residual: boolean): string {
  const put = (at: string, value: string) => `c[${at}] = ${residual ? `r[${at}] + ` : ''}${value};`;
  return lines(
    rows,
    (i) => `if (row + ${i}u < u.m) {
    let line = chunk * u.stride + (row + ${i}u) * u.n + column;
    ${lines(columns / 4, (j) =>
      vectors
        ? `if (column + ${4 * j}u < u.n) { ${put(`line / 4u + ${j}u`, `s${i}_${j}`)} }`
        : lines(
            4,
            (t) => `if (column + ${4 * j + t}u < u.n) { ${put(`line + ${4 * j + t}u`, `s${i}_${j}[${t}]`)} }`,
          ),
    )}
  }`,
  );
}

/** The sums of one invocation, zero. */
const clearText = ({ rows, columns }: Variant) =>
  lines(rows, (i) => lines(columns / 4, (j) => `var s${i}_${j} = vec4f();`));

/** Adds four products to each sum of a vector of columns: `a(i, t)` times `b<t>`, t = 0..3, for every row i. */
function addText(rows: number, column: number, a: (i: number, t: number) => string): string {
  return lines(
    rows,
    (i) =>
      `s${i}_${column} += ${range(4)
        .map((t) => `${a(i, t)} * b${t}`)
        .join(' + ')};`,
  );
}

/** Tile and chunk of a number of either; `high` and `wide` are the tile's sides. */
const placeText = (number: string, high: number, wide: number) => `
  let across = (u.n + ${wide - 1}u) / ${wide}u;
  let tiles = across * ((u.m + ${high - 1}u) / ${high}u);
  let chunk = ${number} / tiles;
  let tileRow = ${number} % tiles / across * ${high}u;
  let tileColumn = ${number} % across * ${wide}u;`;

const chunkText = (form: Form) =>
  form === 'tn'
    ? { start: `chunk * ${CHUNK}u`, end: `min((chunk + 1u) * ${CHUNK}u, u.k)` }
    : { start: '0u', end: 'u.k' };

/** Each invocation reads what it needs for its rows and columns, four steps of k at a time. */
function registerText(form: Form, variant: Variant, vectors: Vectors, residual: boolean): string {
  const { rows, columns } = variant;
  const { start, end } = chunkText(form);
  const [alongA, alongB] = [form !== 'tn', form === 'nt'];
  const stepOf = (t: number) => (form === 'nn' && vectors.a ? `k + ${t}u` : `min(k + ${t}u, u.k - 1u)`);
  const readA = alongA
    ? lines(rows, (i) => `let a${i} = read_a(p${i}, k);`)
    : lines(4, (t) =>
        lines(
          rows / 4,
          (i) => `let a${i}_${t} = select(vec4f(), read_a(step${t} * u.m, p${i}), k + ${t}u < u.k);`,
        ),
      );
  const a = (i: number, t: number) => (alongA ? `a${i}[${t}]` : `a${Math.floor(i / 4)}_${t}[${i % 4}]`);
  const readB = (j: number) =>
    alongB
      ? `${lines(4, (s) => `let w${s} = read_b(q${4 * j + s}, k);`)}
      ${lines(4, (t) => `let b${t} = vec4f(${range(4).map((s) => `w${s}[${t}]`)});`)}`
      : lines(4, (t) => `let b${t} = read_b(step${t} * u.n, q${j});`);
  return `fn run(index: u32) {
  ${placeText('index', rows, columns)}
  if (index >= tiles * u.parts) { return; }
  let row = tileRow;
  let column = tileColumn;
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
  ${clearText(variant)}
  for (var k = ${start}; k < ${end}; k += 4u) {
    ${lines(4, (t) => `let step${t} = ${stepOf(t)};`)}
    ${readA}
    ${lines(columns / 4, (j) => `{ ${readB(j)}\n${addText(rows, j, a)} }`)}
  }
  ${storeText(variant, vectors.c, residual)}
}`;
}

/** A workgroup loads blocks of a and b into its memory, of which each invocation multiplies its part. */
function sharedText(form: Form, variant: Variant, vectors: Vectors, residual: boolean): string {
  const { rows, columns } = variant;
  const { start, end } = chunkText(form);
  const [high, wide] = [SIDE * rows, SIDE * columns];
  /** Loads a block of `size` lines; `along` says whether k is the operand's inner dimension. */
  const fill = (name: 'a' | 'b', size: number, along: boolean, first: string, limit: string) => {
    const place = along
      ? { line: `i / ${DEPTH / 4}u`, at: `i % ${DEPTH / 4}u * 4u` }
      : { line: `i % ${size / 4}u * 4u`, at: `i / ${size / 4}u` };
    const load = along
      ? `let v = read_${name}(min(${first} + line, ${limit} - 1u) * u.k, min(k + at, u.k - 1u));
      ${lines(4, (t) => `${name}Block[(at + ${t}u) * ${size}u + line] = select(0.0, v[${t}], k + at + ${t}u < u.k);`)}`
      : `let v = select(vec4f(), read_${name}(min(k + at, u.k - 1u) * ${limit}, min(${first} + line, ${limit} - 1u)), k + at < u.k);
      ${lines(4, (t) => `${name}Block[at * ${size}u + line + ${t}u] = v[${t}];`)}`;
    return `for (var i = local; i < ${(size * DEPTH) / 4}u; i += ${SIDE * SIDE}u) {
      let line = ${place.line};
      let at = ${place.at};
      ${load}
    }`;
  };
  return `var<workgroup> aBlock: array<f32, ${high * DEPTH}>;
var<workgroup> bBlock: array<f32, ${wide * DEPTH}>;
fn run(group: u32, local: u32) {
  ${placeText('group', high, wide)}
  if (group >= tiles * u.parts) { return; }
  let ownRow = local / ${SIDE}u * ${rows}u;
  let ownColumn = local % ${SIDE}u * ${columns}u;
  let row = tileRow + ownRow;
  let column = tileColumn + ownColumn;
  ${clearText(variant)}
  for (var k = ${start}; k < ${end}; k += ${DEPTH}u) {
    ${fill('a', high, form !== 'tn', 'tileRow', 'u.m')}
    ${fill('b', wide, form === 'nt', 'tileColumn', 'u.n')}
    workgroupBarrier();
    for (var t = 0u; t < ${DEPTH}u; t += 4u) {
      ${lines(4, (t) => lines(rows, (i) => `let a${i}_${t} = aBlock[(t + ${t}u) * ${high}u + ownRow + ${i}u];`))}
      ${lines(
        columns / 4,
        (j) => `{ ${lines(
          4,
          (t) =>
            `let b${t} = vec4f(${range(4).map((s) => `bBlock[(t + ${t}u) * ${wide}u + ownColumn + ${4 * j + s}u]`)});`,
        )}
      ${addText(rows, j, (i, t) => `a${i}_${t}`)} }`,
      )}
    }
    workgroupBarrier();
  }
  ${storeText(variant, vectors.c, residual)}
}`;
}

const family = variants(
  (
    form: Form,
    rows: number,
    columns: number,
    shared: boolean,
    a: boolean,
    b: boolean,
    c: boolean,
    residual: boolean,
  ): Kernel => {
    const variant = { rows, columns, shared };
    const element = (whole: boolean) => (whole ? 'vec4f' : 'f32');
    const text = shared ? sharedText : registerText;
    return {
      name: `matmul ${form} ${variantName(variant)} ${+a}${+b}${+c}${residual ? ' + residual' : ''}`,
      reads: { a: element(a), b: element(b), ...(residual && { r: element(c) }) },
      writes: { c: element(c) },
      uniforms: { m: 'u32', n: 'u32', k: 'u32', parts: 'u32', stride: 'u32' },
      workgroup: shared ? SIDE * SIDE : WORKGROUP,
      cooperative: shared,
      code: [
        readText('a', a, form === 'tn' ? 'u.m' : 'u.k'),
        readText('b', b, form === 'nt' ? 'u.k' : 'u.n'),
        text(form, variant, { a, b, c }, residual),
      ].join('\n'),
    };
  },
);

/** A short name of a variant, for reports. */
export function variantName({ rows, columns, shared }: Variant): string {
  return `${rows}x${columns}${shared ? ' shared' : ''}`;
}

/** Which operands are whole vectors, for dimensions m, n, k. */
function vectorsOf(form: Form, [m, n, k]: readonly number[]): Vectors {
  const [a, b, c] = [form === 'tn' ? m : k, form === 'nt' ? k : n, n].map((inner) => inner % 4 === 0);
  return { a, b, c };
}

/** The kernel of a variant for dimensions of whole vectors, or for others. */
export function matmulKernel(
  form: Form,
  { rows, columns, shared }: Variant,
  { a, b, c }: Vectors = { a: true, b: true, c: true },
  residual = false,
): Kernel {
  return family(form, rows, columns, shared, a, b, c, residual);
}

/** c = a b, or residual + a b, by the given variant. */
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
  const parts = form === 'tn' ? Math.max(1, Math.ceil(k / CHUNK)) : 1;
  const stride = Math.ceil((m * n) / 4) * 4;
  const out = backend.make(parts > 1 ? [parts, stride] : [m, n]);
  const side = variant.shared ? SIDE : 1;
  const tiles = Math.ceil(m / (side * variant.rows)) * Math.ceil(n / (side * variant.columns));
  backend.dispatch(matmulKernel(form, variant, vectorsOf(form, [m, n, k]), residual !== undefined), {
    reads: residual ? [a, b, residual] : [a, b],
    writes: [out],
    uniforms: [m, n, k, parts, stride],
    threads: tiles * parts * side * side,
  });
  return parts > 1 ? sumRows(backend, out, [m, n]) : out;
}

/** The variant for given operands: the fastest of this device where they are whole vectors. */
function variantFor(backend: EngineBackend, form: Form, a: TensorInfo, b: TensorInfo): Variant {
  const isWhole = [...a.shape.slice(1), ...b.shape.slice(form === 'nt' ? 0 : 1)].every(
    (size) => size % 4 === 0,
  );
  return isWhole ? backend.matmul[form] : ODD;
}

/** The contracts of LinearMatMul and LinearMatMulAdd; see ../matmul.ts. */
export const MATMUL: Op = {
  kernels: ({ matmul }) => [
    ...FORMS.map((form) => matmulKernel(form, matmul[form])),
    matmulKernel('nn', matmul.nn, undefined, true),
  ],
  bodies: {
    LinearMatMul(backend, { a, b }, { transposeA, transposeB }) {
      const form = transposeA ? 'tn' : transposeB ? 'nt' : 'nn';
      return [multiply(backend, form, variantFor(backend, form, a, b), a, b)];
    },
    LinearMatMulAdd(backend, { a, b, residual }) {
      return [multiply(backend, 'nn', variantFor(backend, 'nn', a, b), a, b, residual)];
    },
  },
};
