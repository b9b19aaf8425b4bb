// C[m,n] = A[m,k] B[k,n]. A may be read transposed through its strides, so that the three products of a
// linear layer (x W, dy W^T with W transposed first, x^T dy) use one micro-kernel: 4 rows x 8 columns in registers.

const K_BLOCK: i32 = 256;
const ROW_BLOCK: i32 = 64;

/** dst[cols, rows] = src[rows, cols] transposed. */
export function transpose(src: usize, dst: usize, rows: i32, cols: i32): void {
  for (let i = 0; i < rows; i++) {
    let from = src + ((<usize>(i * cols)) << 2);
    let to = dst + ((<usize>i) << 2);
    const step = (<usize>rows) << 2;
    for (let j = 0; j < cols; j++) {
      store<f32>(to, load<f32>(from));
      from += 4;
      to += step;
    }
  }
}

/**
 * c = a b; strides of `a` in elements: `a[i, p]` is at `a + 4 (i rowStride + p colStride)`.
 * Sums run over p in ascending order within blocks, so results are the same from run to run.
 */
export function matmul(
  a: usize, b: usize, c: usize,
  m: i32, n: i32, k: i32,
  rowStride: i32, colStride: i32,
): void {
  if (k == 0) {
    memory.fill(c, 0, (<usize>(m * n)) << 2);
    return;
  }
  for (let p0 = 0; p0 < k; p0 += K_BLOCK) {
    const depth = min(K_BLOCK, k - p0);
    const first = p0 == 0;
    const aBlock = a + ((<usize>(p0 * colStride)) << 2);
    const bBlock = b + ((<usize>(p0 * n)) << 2);
    for (let i0 = 0; i0 < m; i0 += ROW_BLOCK) {
      const rows = min(ROW_BLOCK, m - i0);
      rowBlock(aBlock, bBlock, c, i0, rows, n, depth, rowStride, colStride, first);
    }
  }
}

function rowBlock(
  a: usize, b: usize, c: usize,
  i0: i32, rows: i32, n: i32, depth: i32,
  rowStride: i32, colStride: i32, first: bool,
): void {
  const end = i0 + rows;
  let j = 0;
  for (; j + 8 <= n; j += 8) {
    let i = i0;
    for (; i + 4 <= end; i += 4) {
      tile4x8(
        a + ((<usize>(i * rowStride)) << 2), b + ((<usize>j) << 2), c + ((<usize>(i * n + j)) << 2),
        n, depth, rowStride, colStride, first,
      );
    }
    for (; i < end; i++) {
      tile1x8(
        a + ((<usize>(i * rowStride)) << 2), b + ((<usize>j) << 2), c + ((<usize>(i * n + j)) << 2),
        n, depth, colStride, first,
      );
    }
  }
  for (; j < n; j++) {
    for (let i = i0; i < end; i++) {
      const out = c + ((<usize>(i * n + j)) << 2);
      let sum: f32 = first ? 0 : load<f32>(out);
      let pa = a + ((<usize>(i * rowStride)) << 2);
      let pb = b + ((<usize>j) << 2);
      for (let p = 0; p < depth; p++) {
        sum += load<f32>(pa) * load<f32>(pb);
        pa += (<usize>colStride) << 2;
        pb += (<usize>n) << 2;
      }
      store<f32>(out, sum);
    }
  }
}

function tile4x8(
  a: usize, b: usize, c: usize,
  n: i32, depth: i32, rowStride: i32, colStride: i32, first: bool,
): void {
  const rowBytes = (<usize>n) << 2;
  const aRow = (<usize>rowStride) << 2;
  const aCol = (<usize>colStride) << 2;
  const c1 = c + rowBytes;
  const c2 = c1 + rowBytes;
  const c3 = c2 + rowBytes;
  let s00 = f32x4.splat(0), s01 = f32x4.splat(0);
  let s10 = s00, s11 = s00, s20 = s00, s21 = s00, s30 = s00, s31 = s00;
  if (!first) {
    s00 = v128.load(c); s01 = v128.load(c, 16);
    s10 = v128.load(c1); s11 = v128.load(c1, 16);
    s20 = v128.load(c2); s21 = v128.load(c2, 16);
    s30 = v128.load(c3); s31 = v128.load(c3, 16);
  }
  let a0 = a, a1 = a + aRow, a2 = a1 + aRow, a3 = a2 + aRow;
  for (let p = 0; p < depth; p++) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let x = v128.load_splat<f32>(a0);
    s00 = f32x4.add(s00, f32x4.mul(x, b0));
    s01 = f32x4.add(s01, f32x4.mul(x, b1));
    x = v128.load_splat<f32>(a1);
    s10 = f32x4.add(s10, f32x4.mul(x, b0));
    s11 = f32x4.add(s11, f32x4.mul(x, b1));
    x = v128.load_splat<f32>(a2);
    s20 = f32x4.add(s20, f32x4.mul(x, b0));
    s21 = f32x4.add(s21, f32x4.mul(x, b1));
    x = v128.load_splat<f32>(a3);
    s30 = f32x4.add(s30, f32x4.mul(x, b0));
    s31 = f32x4.add(s31, f32x4.mul(x, b1));
    b += rowBytes;
    a0 += aCol; a1 += aCol; a2 += aCol; a3 += aCol;
  }
  v128.store(c, s00); v128.store(c, s01, 16);
  v128.store(c1, s10); v128.store(c1, s11, 16);
  v128.store(c2, s20); v128.store(c2, s21, 16);
  v128.store(c3, s30); v128.store(c3, s31, 16);
}

function tile1x8(a: usize, b: usize, c: usize, n: i32, depth: i32, colStride: i32, first: bool): void {
  const rowBytes = (<usize>n) << 2;
  const aCol = (<usize>colStride) << 2;
  let s0 = first ? f32x4.splat(0) : v128.load(c);
  let s1 = first ? f32x4.splat(0) : v128.load(c, 16);
  for (let p = 0; p < depth; p++) {
    const x = v128.load_splat<f32>(a);
    s0 = f32x4.add(s0, f32x4.mul(x, v128.load(b)));
    s1 = f32x4.add(s1, f32x4.mul(x, v128.load(b, 16)));
    b += rowBytes;
    a += aCol;
  }
  v128.store(c, s0);
  v128.store(c, s1, 16);
}
