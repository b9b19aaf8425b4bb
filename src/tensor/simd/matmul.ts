// C[m,n] = A[m,k] B[k,n]. B is packed first: panels of 8 columns, each stored row after row, so that the
// micro-kernel (4 rows x 8 columns in registers) reads it front to back. Both operands may be read transposed
// through their strides, so the three products of a linear layer (x W, dy W^T, x^T dy) use one micro-kernel.
// Every sum runs over p in ascending order, whatever the blocks and the tiles: results do not depend on them.

const K_BLOCK: i32 = 256;
const ROW_BLOCK: i32 = 64;
const PANEL: i32 = 8;

// @ts-ignore: decorator
@inline
function floats(n: i32): usize {
  return (<usize>n) << 2;
}

/**
 * Packs panels [first, last) of B[k,n]; `b[p, j]` is at `b + 4 (p rowStride + j colStride)`.
 * `to` has room for k times n rounded up to 8 floats; columns beyond n become 0.
 */
export function packPanels(
  b: usize, to: usize, k: i32, n: i32, rowStride: i32, colStride: i32, first: i32, last: i32,
): void {
  // A block of rows at a time, which stays in the cache while every panel takes its columns of it.
  for (let p0 = 0; p0 < k; p0 += K_BLOCK) {
    const depth = min(K_BLOCK, k - p0);
    for (let panel = first; panel < last; panel++) {
      const j = panel * PANEL;
      const from = b + floats(p0 * rowStride + j * colStride);
      const out = to + floats(j * k + p0 * PANEL);
      if (colStride == 1 && j + PANEL <= n) packRows(from, out, depth, floats(rowStride));
      else packColumns(from, out, depth, min(PANEL, n - j), floats(rowStride), floats(colStride));
    }
  }
}

function packRows(from: usize, to: usize, depth: i32, down: usize): void {
  for (let p = 0; p < depth; p++) {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
    from += down;
    to += 32;
  }
}

function packColumns(from: usize, to: usize, depth: i32, width: i32, down: usize, right: usize): void {
  if (width < PANEL) memory.fill(to, 0, floats(PANEL * depth));
  for (let x = 0; x < width; x++) {
    let source = from + <usize>x * right;
    let target = to + floats(x);
    for (let p = 0; p < depth; p++) {
      store<f32>(target, load<f32>(source));
      source += down;
      target += 32;
    }
  }
}

/** Rows [first, last) of c = a b; `a[i, p]` is at `a + 4 (i rowStride + p colStride)`, one of them 1; b is packed. */
export function matmul(
  a: usize, b: usize, c: usize, n: i32, k: i32, rowStride: i32, colStride: i32, first: i32, last: i32,
): void {
  if (k == 0) memory.fill(c + floats(first * n), 0, floats((last - first) * n));
  else if (rowStride == 1) productAcross(a, b, c, n, k, colStride, first, last);
  else productDown(a, b, c, n, k, rowStride, first, last);
}

// One function each: V8 unrolls a loop the more the deeper it lies, and gives it worse registers beside another.

function productDown(a: usize, b: usize, c: usize, n: i32, k: i32, stride: i32, first: i32, last: i32): void {
  product(a, b, c, n, k, stride, 1, first, last, false);
}

function productAcross(a: usize, b: usize, c: usize, n: i32, k: i32, stride: i32, first: i32, last: i32): void {
  product(a, b, c, n, k, 1, stride, first, last, true);
}

// @ts-ignore: decorator
@inline
function product(
  a: usize, b: usize, c: usize, n: i32, k: i32, rowStride: i32, colStride: i32, first: i32, last: i32, isAcross: bool,
): void {
  for (let p0 = 0; p0 < k; p0 += K_BLOCK) {
    const depth = min(K_BLOCK, k - p0);
    for (let i0 = first; i0 < last; i0 += ROW_BLOCK) {
      const end = min(i0 + ROW_BLOCK, last);
      const block = a + floats(p0 * colStride);
      let j = 0;
      for (; j + PANEL <= n; j += PANEL) {
        const panel = b + floats(j * k + p0 * PANEL);
        let i = i0;
        for (; i + 4 <= end; i += 4) {
          const from = block + floats(i * rowStride);
          const to = c + floats(i * n + j);
          if (isAcross) tile4x8across(from, panel, to, n, depth, colStride, p0 == 0);
          else tile4x8(from, panel, to, n, depth, rowStride, p0 == 0);
        }
        for (; i < end; i++) tile1x8(block + floats(i * rowStride), panel, c + floats(i * n + j), depth, colStride, p0 == 0);
      }
      if (j < n) narrow(block, b + floats(j * k + p0 * PANEL), c + floats(j), i0, end, n, n - j, depth, rowStride, colStride, p0 == 0);
    }
  }
}

/** The last panel, where only `width` columns are the product's. */
function narrow(
  a: usize, b: usize, c: usize, first: i32, last: i32,
  n: i32, width: i32, depth: i32, rowStride: i32, colStride: i32, fresh: bool,
): void {
  const step = floats(colStride);
  for (let i = first; i < last; i++) {
    for (let j = 0; j < width; j++) {
      const out = c + floats(i * n + j);
      let sum: f32 = fresh ? 0 : load<f32>(out);
      let pa = a + floats(i * rowStride);
      let pb = b + floats(j);
      for (let p = 0; p < depth; p++) {
        sum += load<f32>(pa) * load<f32>(pb);
        pa += step;
        pb += 32;
      }
      store<f32>(out, sum);
    }
  }
}

// The loops below are not unrolled: two vectors of B, four numbers of A and eight sums are what fits into registers.

// @ts-ignore: decorator
@inline
function tile4x8(a: usize, b: usize, c: usize, n: i32, depth: i32, rowStride: i32, fresh: bool): void {
  const row = floats(n);
  const next = floats(rowStride);
  const c1 = c + row, c2 = c1 + row, c3 = c2 + row;
  let a1 = a + next, a2 = a1 + next, a3 = a2 + next;
  let s00 = f32x4.splat(0);
  let s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00, s30 = s00, s31 = s00;
  if (!fresh) {
    s00 = v128.load(c); s01 = v128.load(c, 16);
    s10 = v128.load(c1); s11 = v128.load(c1, 16);
    s20 = v128.load(c2); s21 = v128.load(c2, 16);
    s30 = v128.load(c3); s31 = v128.load(c3, 16);
  }
  const end = b + (<usize>depth << 5);
  while (b < end) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    const x0 = v128.load_splat<f32>(a);
    s00 = f32x4.add(s00, f32x4.mul(x0, b0));
    s01 = f32x4.add(s01, f32x4.mul(x0, b1));
    const x1 = v128.load_splat<f32>(a1);
    s10 = f32x4.add(s10, f32x4.mul(x1, b0));
    s11 = f32x4.add(s11, f32x4.mul(x1, b1));
    const x2 = v128.load_splat<f32>(a2);
    s20 = f32x4.add(s20, f32x4.mul(x2, b0));
    s21 = f32x4.add(s21, f32x4.mul(x2, b1));
    const x3 = v128.load_splat<f32>(a3);
    s30 = f32x4.add(s30, f32x4.mul(x3, b0));
    s31 = f32x4.add(s31, f32x4.mul(x3, b1));
    a += 4; a1 += 4; a2 += 4; a3 += 4;
    b += 32;
  }
  v128.store(c, s00); v128.store(c, s01, 16);
  v128.store(c1, s10); v128.store(c1, s11, 16);
  v128.store(c2, s20); v128.store(c2, s21, 16);
  v128.store(c3, s30); v128.store(c3, s31, 16);
}

/** The same for a transposed A, whose four rows lie side by side. */
// @ts-ignore: decorator
@inline
function tile4x8across(a: usize, b: usize, c: usize, n: i32, depth: i32, colStride: i32, fresh: bool): void {
  const down = floats(n);
  const right = floats(colStride);
  const c1 = c + down, c2 = c1 + down, c3 = c2 + down;
  let s00 = f32x4.splat(0);
  let s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00, s30 = s00, s31 = s00;
  if (!fresh) {
    s00 = v128.load(c); s01 = v128.load(c, 16);
    s10 = v128.load(c1); s11 = v128.load(c1, 16);
    s20 = v128.load(c2); s21 = v128.load(c2, 16);
    s30 = v128.load(c3); s31 = v128.load(c3, 16);
  }
  const end = b + (<usize>depth << 5);
  while (b < end) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let x = v128.load_splat<f32>(a);
    s00 = f32x4.add(s00, f32x4.mul(x, b0));
    s01 = f32x4.add(s01, f32x4.mul(x, b1));
    x = v128.load_splat<f32>(a, 4);
    s10 = f32x4.add(s10, f32x4.mul(x, b0));
    s11 = f32x4.add(s11, f32x4.mul(x, b1));
    x = v128.load_splat<f32>(a, 8);
    s20 = f32x4.add(s20, f32x4.mul(x, b0));
    s21 = f32x4.add(s21, f32x4.mul(x, b1));
    x = v128.load_splat<f32>(a, 12);
    s30 = f32x4.add(s30, f32x4.mul(x, b0));
    s31 = f32x4.add(s31, f32x4.mul(x, b1));
    a += right;
    b += 32;
  }
  v128.store(c, s00); v128.store(c, s01, 16);
  v128.store(c1, s10); v128.store(c1, s11, 16);
  v128.store(c2, s20); v128.store(c2, s21, 16);
  v128.store(c3, s30); v128.store(c3, s31, 16);
}

function tile1x8(a: usize, b: usize, c: usize, depth: i32, colStride: i32, fresh: bool): void {
  const right = floats(colStride);
  let s0 = fresh ? f32x4.splat(0) : v128.load(c);
  let s1 = fresh ? f32x4.splat(0) : v128.load(c, 16);
  const end = b + (<usize>depth << 5);
  while (b < end) {
    const x = v128.load_splat<f32>(a);
    s0 = f32x4.add(s0, f32x4.mul(x, v128.load(b)));
    s1 = f32x4.add(s1, f32x4.mul(x, v128.load(b, 16)));
    a += right;
    b += 32;
  }
  v128.store(c, s0);
  v128.store(c, s1, 16);
}
