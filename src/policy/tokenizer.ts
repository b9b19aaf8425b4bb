import { PIECES, SPECIAL_TOKENS, VOCABULARY_SIZE } from './vocabulary.ts';

/** Text to token ids and back. */
export interface Tokenizer {
  readonly vocabSize: number;
  readonly padId: number;
  readonly eosId: number;
  /** Every token by id, spelled as in `tokenizer.json` (marks as they are, other tokens in the byte alphabet). */
  readonly spellings: readonly string[];
  /** The id of a token given as plain text, a mark included; throws when it is not a token. */
  id(token: string): number;
  /** The ids of a text: at each place the longest token that fits, bytes where none does. */
  encode(text: string): number[];
  /** The text of ids; marks appear as they are written, or not at all with `skipSpecial`. */
  decode(ids: ArrayLike<number>, options?: { skipSpecial?: boolean }): string;
}

/**
 * The byte alphabet of GPT-2: one printable character for each byte. Bytes that print stand for themselves,
 * the others take the characters from U+0100 on, in order.
 */
const BYTE_ALPHABET: readonly string[] = (() => {
  const prints = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(prints(byte) ? byte : next++));
})();

const BYTE_OF = new Map(BYTE_ALPHABET.map((character, byte) => [character, byte]));
const utf8 = new TextEncoder();

/** A text in the byte alphabet. */
const spell = (text: string) => Array.from(utf8.encode(text), (byte) => BYTE_ALPHABET[byte]!).join('');

/** The bytes of a spelling; null when it uses other characters. */
function bytesOf(spelling: string): Uint8Array | null {
  const bytes = Array.from(spelling, (character) => BYTE_OF.get(character));
  return bytes.includes(undefined) ? null : Uint8Array.from(bytes as number[]);
}

const escaped = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

/** Longest first, because an alternation takes the first branch that fits; ties by code units, to be stable. */
function piecePattern(pieces: readonly string[]): string {
  const ordered = [...pieces].sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
  return ordered.map(escaped).join('|');
}

/**
 * The same language as {@link piecePattern} with shared beginnings written once, which V8 matches some times
 * faster. Each piece is tried to its longest continuation first, so it takes the same match.
 */
function prefixPattern(pieces: readonly string[]): string {
  interface Node {
    next: Map<string, Node>;
    end: boolean;
  }
  const root: Node = { next: new Map(), end: false };
  for (const piece of pieces) {
    let node = root;
    for (const character of piece) {
      let child = node.next.get(character);
      if (!child) {
        child = { next: new Map(), end: false };
        node.next.set(character, child);
      }
      node = child;
    }
    node.end = true;
  }
  const write = (node: Node): string => {
    const branches = [...node.next].map(([character, child]) => escaped(character) + write(child));
    if (branches.length === 0) return '';
    if (branches.length === 1 && !node.end) return branches[0]!;
    return `(?:${branches.join('|')})${node.end ? '?' : ''}`;
  };
  return write(root);
}

/** A tokenizer of these tokens: the marks have the ids from 0 on, then come spellings in the byte alphabet. */
function tokenizerOf(spellings: readonly string[], special: readonly string[]): Tokenizer {
  const marks = new Map(special.map((mark, id) => [mark, id]));
  const markPattern = new RegExp(`(${special.map(escaped).join('|')})`, 'g');
  /** Bytes by id; null for marks. */
  const bytes: (Uint8Array | null)[] = spellings.map((spelling, id) =>
    id < special.length ? null : bytesOf(spelling),
  );
  const byteIds = new Int32Array(256);
  const pieceIds = new Map<string, number>();
  /** Text by id where the token alone is text; undefined for bytes of longer characters. */
  const texts: (string | undefined)[] = [];
  bytes.forEach((value, id) => {
    if (value === null) {
      texts.push(spellings[id]!);
      return;
    }
    if (value.length === 1) byteIds[value[0]!] = id;
    const isText = value.every((byte) => byte < 0x80);
    const text = isText ? String.fromCharCode(...value) : undefined;
    texts.push(text);
    if (text !== undefined && value.length > 1) pieceIds.set(text, id);
  });
  const pattern = new RegExp(prefixPattern([...pieceIds.keys()]), 'g');

  const encodeBytes = (text: string, ids: number[]) => {
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) {
        for (const byte of utf8.encode(text.slice(i))) ids.push(byteIds[byte]!);
        return;
      }
      ids.push(byteIds[code]!);
    }
  };
  const encodePlain = (text: string, ids: number[]) => {
    let end = 0;
    pattern.lastIndex = 0;
    for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
      if (match.index > end) encodeBytes(text.slice(end, match.index), ids);
      ids.push(pieceIds.get(match[0])!);
      end = pattern.lastIndex;
    }
    if (end < text.length) encodeBytes(text.slice(end), ids);
  };
  const idOf = (token: string): number => {
    const id = marks.get(token) ?? pieceIds.get(token);
    if (id !== undefined) return id;
    if (token.length === 1 && token.charCodeAt(0) < 0x80) return byteIds[token.charCodeAt(0)]!;
    throw new Error(`Tokenizer.id(): ${JSON.stringify(token)} is not one token of this vocabulary`);
  };

  return {
    vocabSize: spellings.length,
    padId: idOf('<|pad|>'),
    eosId: idOf('<|eos|>'),
    spellings,
    id: idOf,
    encode(text) {
      const ids: number[] = [];
      if (!text.includes('<|')) {
        encodePlain(text, ids);
        return ids;
      }
      for (const section of text.split(markPattern)) {
        const mark = marks.get(section);
        if (mark !== undefined) ids.push(mark);
        else if (section !== '') encodePlain(section, ids);
      }
      return ids;
    },
    decode(ids, options = {}) {
      let text = '';
      let pending: number[] = [];
      const flush = () => {
        if (pending.length === 0) return;
        text += new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(pending));
        pending = [];
      };
      for (let i = 0; i < ids.length; i++) {
        const id = ids[i]!;
        const value = bytes[id];
        if (value === undefined) {
          throw new Error(
            `Tokenizer.decode(): ids must be integers from 0 to ${spellings.length - 1}, got ${id} at ${i}`,
          );
        }
        if (value === null && options.skipSpecial) continue;
        const plain = texts[id];
        if (plain === undefined) {
          pending.push(...value!);
          continue;
        }
        // A character cut short by other text reads as U+FFFD, as any UTF-8 decoder has it.
        flush();
        text += plain;
      }
      flush();
      return text;
    },
  };
}

/** The tokenizer of this build's vocabulary. */
export function createTokenizer(): Tokenizer {
  const spellings = [...SPECIAL_TOKENS, ...BYTE_ALPHABET, ...PIECES.map(spell)];
  if (spellings.length !== VOCABULARY_SIZE || new Set(spellings).size !== spellings.length) {
    throw new Error(
      `createTokenizer(): the vocabulary must have ${VOCABULARY_SIZE} different tokens, ` +
        `got ${spellings.length}, of which ${new Set(spellings).size} differ; edit vocabulary.ts`,
    );
  }
  return tokenizerOf(spellings, SPECIAL_TOKENS);
}

/** Pieces that the Split step of a `tokenizer.json` cuts out: every token of several bytes, as plain text. */
function splitPattern(spellings: readonly string[], specialCount: number): string {
  const decoder = new TextDecoder();
  const pieces = spellings.slice(specialCount).filter((spelling) => spelling.length > 1);
  return piecePattern(pieces.map((spelling) => decoder.decode(bytesOf(spelling)!)));
}

/**
 * The files that make a checkpoint's tokenizer for `transformers` and `@huggingface/tokenizers`. The model is
 * a BPE without merges that takes known pieces whole (`ignore_merges`); a Split step finds the pieces.
 */
export function tokenizerFiles(
  tokenizer: Tokenizer = createTokenizer(),
  options: { maxLength?: number } = {},
): Record<'tokenizer.json' | 'tokenizer_config.json' | 'special_tokens_map.json', string> {
  const { spellings } = tokenizer;
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  const special = {
    eos_token: SPECIAL_TOKENS[1],
    pad_token: SPECIAL_TOKENS[0],
    additional_special_tokens: SPECIAL_TOKENS.slice(2),
  };
  return {
    'tokenizer.json': json({
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: SPECIAL_TOKENS.map((content, id) => ({ id, content, ...flags })),
      normalizer: null,
      pre_tokenizer: {
        type: 'Sequence',
        pretokenizers: [
          {
            type: 'Split',
            pattern: { Regex: splitPattern(spellings, SPECIAL_TOKENS.length) },
            behavior: 'Isolated',
            invert: false,
          },
          { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false },
        ],
      },
      post_processor: null,
      decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false },
      model: {
        type: 'BPE',
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: true,
        vocab: Object.fromEntries(spellings.map((spelling, id) => [spelling, id])),
        merges: [],
      },
    }),
    'tokenizer_config.json': json({
      tokenizer_class: 'PreTrainedTokenizerFast',
      ...special,
      model_max_length: options.maxLength ?? 256,
      clean_up_tokenization_spaces: false,
      padding_side: 'left',
    }),
    'special_tokens_map.json': json(special),
  };
}

/** Longer tokens, in bytes, and larger vocabularies are none of a small policy. */
const MAX_TOKEN_BYTES = 256;
const MAX_TOKENS = 100_000;

/** The tokenizer of a `tokenizer.json` that {@link tokenizerFiles} wrote, now or with an older vocabulary. */
export function loadTokenizer(tokenizerJson: string): Tokenizer {
  const fail = (problem: string): never => {
    throw new Error(`loadTokenizer(): ${problem}; expected a tokenizer.json written by Tracewright`);
  };
  let file: {
    added_tokens?: { id?: unknown; content?: unknown }[];
    pre_tokenizer?: { pretokenizers?: { type?: unknown; pattern?: { Regex?: unknown } }[] };
    model?: { type?: unknown; ignore_merges?: unknown; merges?: unknown[]; vocab?: Record<string, unknown> };
  };
  try {
    file = JSON.parse(tokenizerJson);
  } catch (error) {
    return fail(`the text is not JSON (${(error as Error).message})`);
  }
  const { model, added_tokens: added } = file ?? {};
  if (model?.type !== 'BPE' || model.ignore_merges !== true || model.merges?.length !== 0) {
    fail('the model must be a BPE without merges and with ignore_merges');
  }
  const vocab = model?.vocab;
  if (vocab === null || typeof vocab !== 'object') return fail('the model has no vocabulary');
  const entries = Object.entries(vocab);
  if (entries.length > MAX_TOKENS)
    fail(`the vocabulary has ${entries.length} tokens, more than ${MAX_TOKENS}`);
  const spellings: string[] = [];
  for (const [spelling, id] of entries) {
    if (!Number.isInteger(id) || (id as number) >= entries.length || spellings[id as number] !== undefined) {
      fail(
        `token ${JSON.stringify(spelling)} has the id ${id}, which is taken or none from 0 to ${entries.length - 1}`,
      );
    }
    spellings[id as number] = spelling;
  }
  if (entries.length !== spellings.length) fail('the ids of the vocabulary have gaps');
  const marks = SPECIAL_TOKENS.filter((mark, id) => added?.[id]?.content !== mark || added[id]?.id !== id);
  if (!Array.isArray(added) || added.length !== SPECIAL_TOKENS.length || marks.length > 0) {
    fail(`added_tokens must be ${SPECIAL_TOKENS.join(' ')} with the ids from 0 on`);
  }
  SPECIAL_TOKENS.forEach((mark, id) => {
    if (spellings[id] !== mark) fail(`id ${id} must be ${mark}, got ${JSON.stringify(spellings[id])}`);
  });
  for (const spelling of spellings.slice(SPECIAL_TOKENS.length)) {
    if (spelling.length > MAX_TOKEN_BYTES)
      fail(`a token has ${spelling.length} bytes, more than ${MAX_TOKEN_BYTES}`);
    const bytes = bytesOf(spelling);
    if (!bytes) fail(`token ${JSON.stringify(spelling)} is not written in the byte alphabet`);
    if (bytes!.length > 1 && bytes!.some((byte) => byte >= 0x80)) {
      fail(`token ${JSON.stringify(spelling)} has several bytes and is not ASCII`);
    }
  }
  const missing = BYTE_ALPHABET.findIndex((character) => !Object.hasOwn(vocab, character));
  if (missing >= 0) fail(`byte ${missing} has no token`);
  if (
    file.pre_tokenizer?.pretokenizers?.[0]?.pattern?.Regex !== splitPattern(spellings, SPECIAL_TOKENS.length)
  ) {
    fail('the Split pattern of the pre_tokenizer does not list the vocabulary, longest first');
  }
  return tokenizerOf(spellings, SPECIAL_TOKENS);
}
