import { PHILOX_WGSL } from '../../tensor/wgsl/philox.ts';

/**
 * WGSL that draws tokens from logits, which it reads through the program's `recall(WIDE + id, row)`: for one row a
 * call, or for four at once in the components of vectors.
 */
export function drawCode(vocabulary: number, rows: 1 | 4): string {
  const [float, word, flag] = rows === 4 ? ['vec4f', 'vec4u', 'vec4<bool>'] : ['f32', 'u32', 'bool'];
  return `${PHILOX_WGSL}
// How likely a logit is drawn, relative to the largest one's 1.
fn likelihood(logit: ${float}, top: ${float}) -> ${float} {
  if (u.temperature == 0.0) { return select(${float}(0), ${float}(1), logit == top); }
  return exp((logit - top) / u.temperature);
}

// The sum of the likelihoods above a bound.
fn massAbove(bound: ${float}, top: ${float}, g: u32) -> ${float} {
  var sum = ${float}(0);
  for (var id = 0u; id < ${vocabulary}u; id++) {
    let x = likelihood(recall(WIDE + id, g), top);
    sum += select(${float}(0), x, x > bound);
  }
  return sum;
}

// Nucleus sampling: the smallest bound above which there is less than enough, found by bisecting its bits.
fn nucleus(enough: ${float}, top: ${float}, g: u32) -> ${float} {
  var low = ${word}(0);
  var high = ${word}(bitcast<u32>(2.0));
  while (any(low < high)) {
    let middle = (low + high) / 2u;
    let less = massAbove(bitcast<${float}>(middle), top, g) < enough;
    low = select(middle + 1u, low, less);
    high = select(high, middle, less);
  }
  return bitcast<${float}>(low);
}

struct Drawn { id: ${word}, logit: ${float} }

// Inverse of the cumulative distribution at \`chance\`; \`mass\` is the sum of all likelihoods.
fn pick(chance: ${float}, mass: ${float}, top: ${float}, g: u32) -> Drawn {
  var total = mass;
  // Of tokens as likely as the bound, the first are kept until there is enough.
  var bound = ${float}(0);
  var room = ${float}(0);
  if (u.topP < 1.0) {
    let enough = u.topP * total;
    bound = nucleus(enough, top, g);
    let above = massAbove(bound, top, g);
    room = ceil((enough - above) / bound) * bound;
    total = above + room;
  }
  let goal = select(chance * total, ${float}(0), u.temperature == 0.0);
  var cumulative = ${float}(0);
  var drawn = Drawn(${word}(0), top);
  var open = ${flag}(true);
  for (var id = 0u; id < ${vocabulary}u; id++) {
    let logit = recall(WIDE + id, g);
    let x = likelihood(logit, top);
    let tied = (x == bound) & (room > 0.5 * bound);
    let taken = open & ((x > bound) | tied);
    room -= select(${float}(0), x, tied);
    cumulative += select(${float}(0), x, taken);
    drawn.id = select(drawn.id, ${word}(id), taken);
    drawn.logit = select(drawn.logit, logit, taken);
    open = open & !(cumulative > goal);
  }
  return drawn;
}
`;
}
