/** Marks bytes inside JSON: `{"$bytes": base64}`. */
const MARK = '$bytes';

/** Characters handed to `String.fromCharCode` at a time; more would overflow the call stack. */
const CHUNK = 0x8000;

function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += CHUNK) {
    text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  }
  return btoa(text);
}

function fromBase64(base64: string): Uint8Array {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/**
 * Writes a message between page and terminal as one text; byte arrays travel as base64.
 * Numbers that JSON cannot hold (NaN, infinities) become `null`.
 */
export function encodeWire(message: unknown): string {
  return JSON.stringify(message, (_key, value) =>
    value instanceof Uint8Array ? { [MARK]: toBase64(value) } : value,
  );
}

/** Reads a text of {@link encodeWire}. */
export function decodeWire<T>(text: string): T {
  return JSON.parse(text, (_key, value) =>
    typeof value === 'object' && value !== null && typeof value[MARK] === 'string'
      ? fromBase64(value[MARK])
      : value,
  ) as T;
}
