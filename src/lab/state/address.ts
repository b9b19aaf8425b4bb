import type { Config } from '../../runs/config.ts';
import { nearest } from '../../runs/nearest.ts';
import { ConfigError, OPTION_NAMES, parseOptions } from '../../runs/options.ts';
import type { Method } from '../../runs/presets.ts';
import { changedNames, labConfig, labConfigWith } from './config.ts';
import { decodeView, encodeView, VIEW_KEYS, type View } from './view.ts';

/**
 * Version of the addresses that the page makes. An address names only what differs from the defaults, so where a
 * default changes the version is raised, and the old default is written down in `OLD_DEFAULTS`.
 */
export const VERSION = 1;

/** Defaults of an older version where they differ from the next one's; none so far. */
const OLD_DEFAULTS: Record<number, Partial<Record<Method, Partial<Config>>>> = {};

const OTHER_KEYS = ['v', 'method'];

/** What an address says. */
export interface Address {
  config: Config;
  view: View;
}

/** The query of an address without `?`: version, method, and what differs from the page's defaults. */
export function encodeAddress({ config, view }: Address): string {
  const query = new URLSearchParams({ v: String(VERSION) });
  for (const name of changedNames(config)) query.set(name, String(config[name]));
  for (const [key, text] of encodeView(view)) query.set(key, text);
  return query.toString();
}

/**
 * Reads an address. The page must show something whatever its address says, so wrong parts are left out and named
 * in `problems`.
 */
export function decodeAddress(search: string): Address & { problems: string[] } {
  const query = new URLSearchParams(search);
  const { view, problems } = decodeView(query);
  const version = Number(query.get('v') ?? VERSION);
  if (!Number.isInteger(version) || version < 1 || version > VERSION) {
    problems.push(
      `v: this page knows links of version 1 to ${VERSION}, got "${query.get('v')}"; it may open differently than it was meant. Reload the page to get its newest version`,
    );
  }
  const given: Partial<Config> = {};
  for (const [key, text] of query) {
    if (VIEW_KEYS.includes(key) || key === 'v') continue;
    try {
      Object.assign(given, parseOptions([[key, text]]));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(isKnown(key) ? error.message : unknownKey(key));
    }
  }
  return { config: labConfigWith(given, defaultsOf(version, given)), view, problems };
}

/** The page's defaults as they were in a version of the address. */
function defaultsOf(version: number, { method, algorithm }: Partial<Config>): Config {
  const config = labConfig(method, algorithm);
  for (let v = VERSION - 1; v >= version; v--) Object.assign(config, OLD_DEFAULTS[v]?.[config.method]);
  return config;
}

const isKnown = (key: string) => (OPTION_NAMES as string[]).includes(key);

function unknownKey(key: string): string {
  const near = nearest(key, [...OPTION_NAMES, ...VIEW_KEYS, ...OTHER_KEYS]);
  return `unknown key "${key}", did you mean "${near}"? It was left out`;
}
