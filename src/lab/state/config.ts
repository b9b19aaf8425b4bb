import type { Config, OptionName } from '../../runs/config.ts';
import { defaultConfig, OPTION_NAMES } from '../../runs/options.ts';
import { type Algorithm, LAB, type Method } from '../../runs/presets.ts';

/** The page's configuration of a method with nothing else said: short enough to watch. */
export function labConfig(method?: Method, algorithm?: Algorithm): Config {
  const config = defaultConfig(method, algorithm);
  return { ...config, ...LAB[config.method] };
}

/** The page's configuration with what was given in its place; a method that is an algorithm has its own. */
export function labConfigWith(
  given: Partial<Config>,
  base = labConfig(given.method, given.algorithm),
): Config {
  return { ...base, ...given, algorithm: base.algorithm };
}

/** The keys that differ from the page's configuration of the same method and algorithm, those two included. */
export function changedNames(config: Config): OptionName[] {
  const defaults = {
    ...labConfig(config.method, config.algorithm),
    method: labConfig().method,
    algorithm: labConfig(config.method).algorithm,
  };
  return OPTION_NAMES.filter((name) => config[name] !== defaults[name]);
}

/** Another method or algorithm brings its own defaults; what was changed by hand stays. */
export function withBase(config: Config, base: { method: Method; algorithm?: Algorithm }): Config {
  const changed = changedNames(config).filter((name) => name !== 'method' && name !== 'algorithm');
  const kept = Object.fromEntries(changed.map((name) => [name, config[name]]));
  return labConfigWith({ ...kept, ...base });
}
