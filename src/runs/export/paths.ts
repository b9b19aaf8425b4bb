/** Longest path of a file in a run, in characters. */
const MAX_PATH = 200;

/** Names that Windows gives to devices, with any extension. */
const DEVICES = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/**
 * What is wrong with a path inside a run; undefined when it is one that every system can write and that stays
 * inside: parts of letters, digits, `.`, `_`, `-`, `=`, `+`, separated by `/`.
 */
export function pathProblem(path: string): string | undefined {
  if (path.length > MAX_PATH) return `is longer than ${MAX_PATH} characters`;
  for (const part of path.split('/')) {
    if (part === '') return 'has an empty part, or begins or ends with "/"';
    if (/^\.+$/.test(part)) return `has the part "${part}", which leads elsewhere`;
    if (!/^[\w.=+-]+$/.test(part)) return 'has other characters than letters, digits and ._=+-/';
    if (part.endsWith('.') || DEVICES.test(part)) return `has the part "${part}", which Windows cannot write`;
  }
  return undefined;
}
