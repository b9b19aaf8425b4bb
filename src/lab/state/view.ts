import { nearest } from '../../runs/nearest.ts';

/** What a curve's horizontal axis counts. */
export const X_AXES = ['step', 'tokens', 'time'] as const;
/** What colours the tokens of a completion. */
export const TOKEN_COLOURS = ['none', 'advantage', 'log_prob', 'change'] as const;
/** Parts of the page that a teacher may hide. */
export const HIDEABLE = [
  'controls',
  'options',
  'transport',
  'curves',
  'health',
  'numbers',
  'group',
  'program',
  'alignment',
  'try',
  'runs',
  'help',
] as const;
export type Hideable = (typeof HIDEABLE)[number];

/** What is open and how it is drawn: the part of the page's address that is no configuration. */
export interface View {
  /** The step whose groups are open; the newest one where absent. */
  step?: number;
  /** The open group; the most instructive one where absent. */
  group?: number;
  /** The open completion of the group. */
  sample?: number;
  /** The test on which the program panel runs it: visible ones first, from 0. */
  test?: number;
  /** The step of the trace that the stepper stands on, from 0. */
  trace?: number;
  colour: (typeof TOKEN_COLOURS)[number];
  x: (typeof X_AXES)[number];
  /** Weight of the past in the curves' running average, 0 (none) to 0.95. */
  smooth: number;
  log: boolean;
  /** Start training at once. */
  play: boolean;
  hide: readonly Hideable[];
}

export const DEFAULT_VIEW: View = {
  colour: 'advantage',
  x: 'step',
  smooth: 0.6,
  log: false,
  play: false,
  hide: [],
};

/** Reads one value; throws with what is allowed. */
type Reader<T> = (text: string) => T;

const whole =
  (min: number): Reader<number> =>
  (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isInteger(value) || value < min) {
      throw new Error(`expected a whole number of at least ${min}, got "${text}"`);
    }
    return value;
  };
const oneOf =
  <T extends string>(choices: readonly T[]): Reader<T> =>
  (text) => {
    if (choices.includes(text as T)) return text as T;
    throw new Error(
      `expected one of ${choices.join(', ')}, got "${text}"; the nearest is ${nearest(text, choices)}`,
    );
  };
const fraction: Reader<number> = (text) => {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 0.95)) {
    throw new Error(`expected a number from 0 to 0.95, got "${text}"`);
  }
  return value;
};
const flag: Reader<boolean> = (text) => oneOf(['0', '1'])(text) === '1';
const parts: Reader<readonly Hideable[]> = (text) => text.split(',').filter(Boolean).map(oneOf(HIDEABLE));

const READERS: { [K in keyof View]-?: Reader<NonNullable<View[K]>> } = {
  step: whole(1),
  group: whole(0),
  sample: whole(0),
  test: whole(0),
  trace: whole(0),
  colour: oneOf(TOKEN_COLOURS),
  x: oneOf(X_AXES),
  smooth: fraction,
  log: flag,
  play: flag,
  hide: parts,
};

const NAMES = Object.keys(READERS) as (keyof View)[];

/** Keys of the address: those of the configuration have no such beginning. `play` and `hide` are for teachers to type. */
const keyOf = (name: keyof View) => (name === 'play' || name === 'hide' ? name : `view.${name}`);
export const VIEW_KEYS: readonly string[] = NAMES.map(keyOf);

function textOf(value: View[keyof View]): string {
  if (typeof value === 'boolean') return value ? '1' : '0';
  return Array.isArray(value) ? value.join(',') : String(value);
}

/** The keys in which a view differs from the default, with their texts. */
export function encodeView(view: View): [key: string, text: string][] {
  return NAMES.filter(
    (name) => view[name] !== undefined && textOf(view[name]) !== textOf(DEFAULT_VIEW[name]),
  ).map((name) => [keyOf(name), textOf(view[name])]);
}

/** Reads the view's keys of an address; what is wrong is left out and named. */
export function decodeView(query: URLSearchParams): { view: View; problems: string[] } {
  const view: View = { ...DEFAULT_VIEW };
  const problems: string[] = [];
  for (const name of NAMES) {
    const text = query.get(keyOf(name));
    if (text === null) continue;
    try {
      Object.assign(view, { [name]: READERS[name](text) });
    } catch (error) {
      problems.push(`${keyOf(name)}: ${(error as Error).message}`);
    }
  }
  return { view, problems };
}
