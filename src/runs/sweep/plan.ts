import { type Config, METHODS } from '../config.ts';
import { nearest } from '../nearest.ts';
import { ConfigError, checkOption, optionName, parseJson, resolveConfig } from '../options.ts';

/** A plan of trainings: methods x seeds x settings, and cells of their own. */
export interface Plan {
  methods: Config['method'][];
  seeds: number[];
  /** Every combination of these is trained. */
  settings: Partial<Config>[];
  /** Configurations beside the combinations. */
  cells: Partial<Config>[];
  quick: boolean;
  /** The starting policy's directory and the tasks' file, as written in the plan. */
  policy?: string;
  tasks?: string;
}

/** More cells than this are a slip of the pen. */
const MAX_CELLS = 10_000;

const KEYS = ['methods', 'seeds', 'settings', 'cells', 'quick', 'policy', 'tasks'];

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function wrong(key: string, expected: string, got: unknown): ConfigError {
  return new ConfigError(`${key}: expected ${expected}, got ${JSON.stringify(got)}`);
}

/**
 * Reads a plan, for example
 * `{"methods": ["grpo", "coderl_plus"], "seeds": 3, "settings": {"lr": [1e-4, 3e-4], "steps": 100}}`.
 * @throws ConfigError that names the key and what it may be
 */
export function parsePlan(text: string): Plan {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new ConfigError(`the plan is not JSON: ${(error as Error).message}`);
  }
  if (!isObject(json)) throw new ConfigError('the plan must be a JSON object, like {"seeds": 3}');
  const stray = Object.keys(json).find((key) => !KEYS.includes(key));
  if (stray)
    throw new ConfigError(`unknown key "${stray}" of the plan, did you mean "${nearest(stray, KEYS)}"?`);
  const { quick = false, policy, tasks } = json;
  if (typeof quick !== 'boolean') throw wrong('quick', 'true or false', quick);
  for (const [key, value] of Object.entries({ policy, tasks })) {
    if (value !== undefined && typeof value !== 'string') throw wrong(key, 'a path', value);
  }
  const cells = parseCells(json.cells);
  // A plan of cells alone has no combinations beside them.
  const combines =
    cells.length === 0 || ['methods', 'seeds', 'settings'].some((key) => key in (json as Json));
  return {
    methods: combines ? parseMethods(json.methods) : [],
    seeds: parseSeeds(json.seeds),
    settings: parseSettings(json.settings),
    cells,
    quick,
    policy: policy as string | undefined,
    tasks: tasks as string | undefined,
  };
}

function parseMethods(methods: unknown): Config['method'][] {
  if (methods === undefined) return ['coderl_plus'];
  if (!Array.isArray(methods) || methods.length === 0) {
    throw wrong('methods', `a list of ${METHODS.join(', ')}`, methods);
  }
  return methods.map((method) => checkOption('method', method));
}

function parseSeeds(seeds: unknown): number[] {
  if (seeds === undefined) return [0];
  if (typeof seeds === 'number' && Number.isInteger(seeds) && seeds >= 1 && seeds <= MAX_CELLS) {
    return Array.from({ length: seeds }, (_, seed) => seed);
  }
  if (!Array.isArray(seeds) || seeds.length === 0) throw wrong('seeds', 'their number, or a list', seeds);
  return seeds.map((seed) => checkOption('seed', seed));
}

/** A value may be a list: then there is one combination for each of them. */
function parseSettings(settings: unknown): Partial<Config>[] {
  if (settings === undefined) return [{}];
  if (!isObject(settings))
    throw wrong('settings', 'keys of the configuration with values or lists', settings);
  let combinations: Partial<Config>[] = [{}];
  for (const [key, given] of Object.entries(settings)) {
    if (key === 'method' || key === 'seed') throw new ConfigError(`settings: ${key} goes into ${key}s`);
    const name = optionName(key);
    const values = (Array.isArray(given) ? given : [given]).map((value) => checkOption(name, value));
    if (values.length === 0) throw wrong(`settings.${key}`, 'one value at least', given);
    if (combinations.length * values.length > MAX_CELLS) throw tooMany(combinations.length * values.length);
    combinations = combinations.flatMap((one) => values.map((value) => ({ ...one, [name]: value })));
  }
  return combinations;
}

function parseCells(cells: unknown): Partial<Config>[] {
  if (cells === undefined) return [];
  if (!Array.isArray(cells) || !cells.every(isObject))
    throw wrong('cells', 'a list of configurations', cells);
  return cells.map((cell) => parseJson(JSON.stringify(cell)));
}

function tooMany(count: number): ConfigError {
  return new ConfigError(`the plan has ${count} cells, more than ${MAX_CELLS}`);
}

/**
 * The whole configuration of every cell: settings outermost, then methods, then seeds, then the cells of their own,
 * so that an interrupted sweep has whole comparisons first.
 * @throws ConfigError when two cells are the same
 */
export function planConfigs(plan: Plan): Config[] {
  const combinations = plan.settings.flatMap((settings) =>
    plan.seeds.flatMap((seed) =>
      plan.methods.map((method): Partial<Config> => ({ ...settings, method, seed })),
    ),
  );
  const all = [...combinations, ...plan.cells];
  if (all.length > MAX_CELLS) throw tooMany(all.length);
  const configs = all.map((given) => resolveConfig(given, { quick: plan.quick }));
  const seen = new Map<string, number>();
  configs.forEach((config, i) => {
    const key = canonical(config);
    if (seen.has(key)) throw new ConfigError(`the cells ${seen.get(key)} and ${i} of the plan are the same`);
    seen.set(key, i);
  });
  return configs;
}

/** JSON with keys in order, so that equal values give equal texts. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value) ?? 'null';
  const entries = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
  return `{${entries.join(',')}}`;
}

/** Everything that a cell's result follows from. */
export interface CellIdentity {
  config: Config;
  /** Identity of the build that trains it. */
  build: string;
  /** Hash of the starting policy's files and of the tasks, where there are any. */
  policy?: string;
  tasks?: string;
}

/** SHA-256 in hexadecimal. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The name of a cell: method and seed for people, and a hash of everything that its result follows from. */
export async function cellName(identity: CellIdentity): Promise<string> {
  const hash = await sha256(new TextEncoder().encode(canonical(identity)));
  return `${identity.config.method}-seed${identity.config.seed}-${hash.slice(0, 12)}`;
}
