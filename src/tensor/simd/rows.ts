/** y[i] = table[ids[i]], rows of d floats; ids are int32. */
export function gatherRows(table: usize, ids: usize, y: usize, count: i32, d: i32): void {
  const bytes = (<usize>d) << 2;
  for (let i = 0; i < count; i++) {
    memory.copy(y, table + <usize>load<i32>(ids + ((<usize>i) << 2)) * bytes, bytes);
    y += bytes;
  }
}

/** out[ids[i]] += dy[i] in ascending i, after out (of `rows` rows) is cleared; d is a multiple of 4. */
export function scatterAddRows(dy: usize, ids: usize, out: usize, count: i32, rows: i32, d: i32): void {
  const bytes = (<usize>d) << 2;
  memory.fill(out, 0, <usize>rows * bytes);
  for (let i = 0; i < count; i++) {
    const to = out + <usize>load<i32>(ids + ((<usize>i) << 2)) * bytes;
    for (let o: usize = 0; o < bytes; o += 16) {
      v128.store(to + o, f32x4.add(v128.load(to + o), v128.load(dy + o)));
    }
    dy += bytes;
  }
}
