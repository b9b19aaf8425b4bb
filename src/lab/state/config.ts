import type { Config } from '../../runs/config.ts';
import { OPTION_NAMES, resolveConfig } from '../../runs/options.ts';
import { type Algorithm, LAB, type Method } from '../../runs/presets.ts';

/** The page's configuration of a method (and an algorithm) with nothing else said: short enough to watch. */
export function labConfig(method?: Method, algorithm?: Algorithm): Config {
  const config = resolveConfig({ ...(method && { method }), ...(algorithm && { algorithm }) });
  return { ...config, ...LAB[config.method] };
}

/** Another method or algorithm brings its own defaults; what was changed by hand stays. */
export function withMethod(config: Config, method: Method, algorithm: Algorithm = config.algorithm): Config {
  const before = labConfig(config.method, config.algorithm);
  const changed = OPTION_NAMES.filter((name) => name !== 'method' && config[name] !== before[name]);
  return {
    ...labConfig(method, algorithm),
    ...Object.fromEntries(changed.map((name) => [name, config[name]])),
  };
}
