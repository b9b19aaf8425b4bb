import { ALGORITHMS, type Config, OPTIONS, type Option, type OptionName } from './config.ts';
import { nearest } from './nearest.ts';
import { ALGORITHM_PRESETS, type Algorithm, METHOD_DEFAULTS, type Method, QUICK } from './presets.ts';

/** A wrong key or value of the configuration; the message names the nearest right one. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

export const OPTION_NAMES = Object.keys(OPTIONS) as OptionName[];

type Value = string | number | boolean;

/** The entry of `OPTIONS`, with the limits that only some entries have. */
export function optionFor(name: OptionName): Option<Value> {
  return OPTIONS[name];
}

/** Checks that a word is a key of the configuration. */
export function optionName(word: string): OptionName {
  if (Object.hasOwn(OPTIONS, word)) return word as OptionName;
  throw new ConfigError(
    `unknown key "${word}", did you mean "${nearest(word, OPTION_NAMES)}"? --help lists every key`,
  );
}

/** What a key takes, in words: `one of sft, grpo`, `an integer from 1 to 64`, `true or false`, `text`. */
export function describeValues(name: OptionName): string {
  const option = optionFor(name);
  if (option.choices) return `one of ${option.choices.join(', ')}`;
  if (typeof option.default === 'boolean') return 'true or false';
  if (typeof option.default === 'string') return 'text';
  const kind = option.integer ? 'an integer' : 'a number';
  const { min, max } = option;
  if (min !== undefined && max !== undefined) return `${kind} from ${min} to ${max}`;
  if (min !== undefined) return `${kind} of at least ${min}`;
  if (max !== undefined) return `${kind} of at most ${max}`;
  return kind;
}

function wrongValue(name: OptionName, got: unknown, hint?: Value): ConfigError {
  const suggestion = hint === undefined ? '' : `; the nearest is ${hint}`;
  return new ConfigError(
    `${name}: expected ${describeValues(name)}, got ${JSON.stringify(got)}${suggestion}`,
  );
}

function checkNumber(name: OptionName, option: Option<Value>, value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw wrongValue(name, value);
  const rounded = option.integer ? Math.round(value) : value;
  const inside = Math.min(option.max ?? rounded, Math.max(option.min ?? rounded, rounded));
  if (inside !== value) throw wrongValue(name, value, inside);
  return value;
}

/** Checks a typed value of one key and returns it. */
export function checkOption<K extends OptionName>(name: K, value: unknown): Config[K] {
  const option = optionFor(name);
  if (typeof option.default === 'number') return checkNumber(name, option, value) as Config[K];
  if (typeof value !== typeof option.default) throw wrongValue(name, value);
  if (option.choices && !option.choices.includes(value as string)) {
    throw wrongValue(name, value, nearest(value as string, option.choices));
  }
  return value as Config[K];
}

/** Reads the text of one key, as typed on a command line, in a URL or in a control of the page. */
export function parseOption<K extends OptionName>(name: K, text: string): Config[K] {
  const option = optionFor(name);
  if (typeof option.default === 'number') {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!Number.isFinite(value)) throw wrongValue(name, text);
    return checkOption(name, value);
  }
  if (typeof option.default === 'boolean') {
    if (text !== 'true' && text !== 'false') throw wrongValue(name, text, nearest(text, ['true', 'false']));
    return checkOption(name, text === 'true');
  }
  return checkOption(name, text);
}

/**
 * The configuration of a method with nothing else said.
 * @param algorithm what `coderl_plus` stands on; a method that is itself an algorithm has its own
 */
export function defaultConfig(
  method: Method = OPTIONS.method.default,
  algorithm: Algorithm = OPTIONS.algorithm.default,
): Config {
  const config = Object.fromEntries(OPTION_NAMES.map((name) => [name, optionFor(name).default])) as Config;
  const own = isAlgorithm(method) ? method : algorithm;
  return { ...config, ...ALGORITHM_PRESETS[own], ...METHOD_DEFAULTS[method], method, algorithm: own };
}

function isAlgorithm(method: Method): method is Algorithm {
  return (ALGORITHMS as readonly Method[]).includes(method);
}

/** Sets one key; the cast is safe because `checkOption` and `parseOption` return the key's own type. */
function assign<K extends OptionName>(config: Partial<Config>, name: K, value: Config[K]): void {
  config[name] = value;
}

/** Keys with their texts, in order; where a key is repeated the last one counts. */
export function parseOptions(entries: Iterable<readonly [key: string, text: string]>): Partial<Config> {
  const given: Partial<Config> = {};
  for (const [key, text] of entries) {
    const name = optionName(key);
    assign(given, name, parseOption(name, text));
  }
  return given;
}

/** Reads and checks a JSON object of keys and values, such as a run's `config.json`. */
export function parseJson(text: string): Partial<Config> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new ConfigError(`the configuration is not JSON: ${(error as Error).message}`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new ConfigError('the configuration must be a JSON object of keys and values, like {"steps": 20}');
  }
  const given: Partial<Config> = {};
  for (const [key, value] of Object.entries(parsed)) {
    const name = optionName(key);
    assign(given, name, checkOption(name, value));
  }
  return given;
}

/** The whole configuration: what was given, over the quick preset where asked for, over the defaults. */
export function resolveConfig(given: Partial<Config>, { quick = false } = {}): Config {
  const method = given.method ?? OPTIONS.method.default;
  const defaults = defaultConfig(method, given.algorithm);
  const config = { ...defaults, ...(quick ? QUICK[method] : {}), ...given };
  return { ...config, algorithm: defaults.algorithm };
}

/** The keys whose values are not the method's defaults, with their values as texts; the method itself is left out. */
export function changedOptions(config: Config): [name: OptionName, text: string][] {
  const defaults = {
    ...defaultConfig(config.method, config.algorithm),
    algorithm: defaultConfig(config.method).algorithm,
  };
  return OPTION_NAMES.filter((name) => config[name] !== defaults[name]).map((name) => [
    name,
    String(config[name]),
  ]);
}

/** Whether a method needs a starting policy; the others may start from random weights. */
export function needsPolicy(method: Method): boolean {
  return method !== 'sft';
}
