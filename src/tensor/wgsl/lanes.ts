/**
 * WGSL for rows that `lanes` neighbouring invocations of a subgroup share: each takes every lanes-th element, and
 * `total` and `largest` combine what they found, the same bits in each. No barriers; with one lane, plain loops.
 * The sum's order depends on the number of lanes, which is fixed for a device.
 */
export function laneCode(lanes: number): string {
  const combine = (step: (other: string) => string) =>
    Array.from({ length: Math.log2(lanes) }, (_, i) => step(`subgroupShuffleXor(x, ${2 ** i}u)`)).join(' ');
  return `const LANES = ${lanes}u;
fn total(own: f32) -> f32 { var x = own; ${combine((other) => `x = x + ${other};`)} return x; }
fn largest(own: f32) -> f32 { var x = own; ${combine((other) => `x = max(x, ${other});`)} return x; }`;
}
