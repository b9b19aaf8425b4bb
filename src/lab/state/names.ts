const ADJECTIVES = [
  'amber',
  'brisk',
  'calm',
  'clear',
  'deep',
  'early',
  'fair',
  'fine',
  'gentle',
  'green',
  'keen',
  'late',
  'light',
  'mild',
  'neat',
  'new',
  'plain',
  'quick',
  'quiet',
  'round',
  'sharp',
  'slow',
  'small',
  'soft',
  'steady',
  'still',
  'swift',
  'tall',
  'warm',
  'wide',
  'wild',
  'young',
];
const NOUNS = [
  'alder',
  'ash',
  'beech',
  'birch',
  'brook',
  'cedar',
  'cloud',
  'coast',
  'creek',
  'dune',
  'elm',
  'fern',
  'field',
  'fjord',
  'grove',
  'heath',
  'hill',
  'lake',
  'larch',
  'maple',
  'meadow',
  'moss',
  'oak',
  'pine',
  'reed',
  'ridge',
  'river',
  'rowan',
  'shore',
  'stone',
  'vale',
  'willow',
];

const pick = (words: readonly string[]) => words[Math.floor(Math.random() * words.length)];

/** A name that is easy to remember and not among the taken ones. */
export function newRunName(taken: readonly string[]): string {
  for (let tries = 0; tries < 100; tries++) {
    const name = `${pick(ADJECTIVES)} ${pick(NOUNS)}`;
    if (!taken.includes(name)) return name;
  }
  return `run ${taken.length + 1}`;
}
