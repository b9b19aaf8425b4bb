import { exp4 } from './math';

/** y = silu(gate) up for rows [first, last), where each row of x holds gate then up, f values each (a multiple of 4). */
export function swiglu(x: usize, y: usize, f: i32, first: i32, last: i32): void {
  const bytes = (<usize>f) << 2;
  x += <usize>first * bytes * 2;
  y += <usize>first * bytes;
  const one = f32x4.splat(1);
  for (let i = first; i < last; i++) {
    for (let o: usize = 0; o < bytes; o += 16) {
      const g = v128.load(x + o);
      const sigmoid = f32x4.div(one, f32x4.add(one, exp4(f32x4.neg(g))));
      v128.store(y + o, f32x4.mul(f32x4.mul(g, sigmoid), v128.load(x + bytes + o)));
    }
    x += bytes << 1;
    y += bytes;
  }
}

/** d gate = dy up sigmoid (1 + gate (1 - sigmoid)), d up = dy silu(gate), for rows [first, last). */
export function swigluGrad(x: usize, dy: usize, dx: usize, f: i32, first: i32, last: i32): void {
  const bytes = (<usize>f) << 2;
  x += <usize>first * bytes * 2;
  dx += <usize>first * bytes * 2;
  dy += <usize>first * bytes;
  const one = f32x4.splat(1);
  for (let i = first; i < last; i++) {
    for (let o: usize = 0; o < bytes; o += 16) {
      const g = v128.load(x + o);
      const d = v128.load(dy + o);
      const sigmoid = f32x4.div(one, f32x4.add(one, exp4(f32x4.neg(g))));
      const slope = f32x4.mul(sigmoid, f32x4.add(one, f32x4.mul(g, f32x4.sub(one, sigmoid))));
      v128.store(dx + o, f32x4.mul(f32x4.mul(d, v128.load(x + bytes + o)), slope));
      v128.store(dx + bytes + o, f32x4.mul(d, f32x4.mul(g, sigmoid)));
    }
    x += bytes << 1;
    dx += bytes << 1;
    dy += bytes;
  }
}
