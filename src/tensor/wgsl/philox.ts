/**
 * WGSL for `random.ts`: `uniforms(key, c0, c1, c2, c3)` gives, for each of four rows, the number
 * in [0, 1) that `uniform(seed, c0, c1, c2, c3)` gives, to the bit.
 */
export const PHILOX_WGSL = `
fn multiplyHigh(a: u32, b: vec4u) -> vec4u {
  let low = b & vec4u(0xffffu);
  let high = b >> vec4u(16u);
  let carry = (a & 0xffffu) * high + (((a & 0xffffu) * low) >> vec4u(16u));
  let middle = (a >> 16u) * low + (carry & vec4u(0xffffu));
  return (a >> 16u) * high + (carry >> vec4u(16u)) + (middle >> vec4u(16u));
}

fn uniforms(key: vec2u, a0: vec4u, a1: vec4u, a2: vec4u, a3: vec4u) -> vec4f {
  var k = key;
  var c0 = a0;
  var c1 = a1;
  var c2 = a2;
  var c3 = a3;
  for (var round = 0; round < 10; round++) {
    let high0 = multiplyHigh(0xd2511f53u, c0);
    let high1 = multiplyHigh(0xcd9e8d57u, c2);
    let low0 = 0xd2511f53u * c0;
    let low1 = 0xcd9e8d57u * c2;
    c0 = high1 ^ c1 ^ vec4u(k.x);
    c1 = low1;
    c2 = high0 ^ c3 ^ vec4u(k.y);
    c3 = low0;
    k += vec2u(0x9e3779b9u, 0xbb67ae85u);
  }
  return vec4f(c0 >> vec4u(8u)) * 0x1p-24f;
}
`;
