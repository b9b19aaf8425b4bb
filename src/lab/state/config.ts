import type { Config } from '../../runs/config.ts';
import { OPTION_NAMES, resolveConfig } from '../../runs/options.ts';
import { LAB, type Method } from '../../runs/presets.ts';

/** The page's configuration of a method with nothing else said: short enough to watch. */
export function labConfig(method?: Method): Config {
  const config = resolveConfig(method ? { method } : {});
  return { ...config, ...LAB[config.method] };
}

/** Another method brings its own defaults; what was changed by hand stays. */
export function withMethod(config: Config, method: Method): Config {
  const before = labConfig(config.method);
  const changed = OPTION_NAMES.filter((name) => name !== 'method' && config[name] !== before[name]);
  return { ...labConfig(method), ...Object.fromEntries(changed.map((name) => [name, config[name]])) };
}
