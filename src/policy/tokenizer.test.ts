import { Tokenizer as Reference } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codePrompt, completionOf, executionPrompt, formatAnswer } from '../tasks/format.ts';
import { generateTasks } from '../tasks/generate.ts';
import { createTokenizer, loadTokenizer, tokenizerFiles } from './tokenizer.ts';
import { PIECES, SPECIAL_TOKENS, VOCABULARY_SIZE } from './vocabulary.ts';

const tokenizer = createTokenizer();
const files = tokenizerFiles(tokenizer);
const reference = new Reference(
  JSON.parse(files['tokenizer.json']),
  JSON.parse(files['tokenizer_config.json']),
);
const pieces = (text: string) => tokenizer.encode(text).map((id) => tokenizer.decode([id]));

/** What is left of a text in UTF-8: lone surrogates become U+FFFD. */
const wellFormed = (text: string) =>
  new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(text));

/** Any text, made of vocabulary, marks, unicode and single characters. */
const anyText = fc
  .array(
    fc.oneof(
      fc.constantFrom(...PIECES, ...SPECIAL_TOKENS),
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('<', '|', ' ', '\n', '\r\n', '-', '0', '12', '\uFEFF', '\u0000', '日本', '🙂'),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

const tasks = generateTasks({
  families: ['pipelines', 'counters', 'narrated'],
  split: 'rl',
  count: 600,
  seed: 3,
});
const texts = tasks.flatMap((task) => [
  codePrompt(task) + completionOf(task, task.reference!),
  executionPrompt({
    inputs: task.hiddenTests[0]!.input,
    program: task.reference!,
    variables: ['b', 's', 'return'],
  }),
  formatAnswer([
    ['b', task.hiddenTests[1]!.input[0]!],
    ['return', task.hiddenTests[1]!.expected],
  ]),
]);

describe('vocabulary', () => {
  it('is 704 tokens, a multiple of 64, with the marks first', () => {
    expect(tokenizer.vocabSize).toBe(VOCABULARY_SIZE);
    expect(VOCABULARY_SIZE % 64).toBe(0);
    expect(SPECIAL_TOKENS.slice(0, 7).map((mark) => tokenizer.id(mark))).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect([tokenizer.padId, tokenizer.eosId]).toEqual([0, 1]);
  });

  it('encodes each piece as itself', () => {
    for (const piece of PIECES) expect(tokenizer.encode(piece)).toEqual([tokenizer.id(piece)]);
  });

  it('has one token for each integer of -99..99', () => {
    expect(pieces('[ 3 -4 12 -99]')).toEqual(['[', ' 3', ' -4', ' 12', ' -99', ']']);
    expect(pieces(' 100 -0 05')).toEqual([' 10', '0', ' -', '0', ' 0', '5']);
  });

  it('has one token for each name of an answer', () => {
    expect(pieces('b=[ 3 5]\nc=[ 9]\nreturn= 34')).toEqual([
      'b=',
      '[',
      ' 3',
      ' 5',
      ']',
      '\nc=',
      '[',
      ' 9',
      ']',
      '\nreturn=',
      ' 34',
    ]);
    for (const name of ['a', 'b', 'c', 'd', 's', 'n', 'm', 'i', 'k', 'r', 't', 'return']) {
      expect(tokenizer.encode(`${name}=`)).toHaveLength(1);
      expect(tokenizer.encode(`\n${name}=`)).toHaveLength(1);
    }
  });

  it('cuts programs into readable pieces', () => {
    const program =
      'function f(a) {\n  let b = a.map(x => x + 2);\n  let s = 0;\n  for (let x of b) s += x;\n  return s;\n}';
    expect(pieces(program)).toEqual([
      'function f(a) {\n',
      '  let b = ',
      'a',
      '.map(x => x +',
      ' 2',
      ');\n  let s =',
      ' 0',
      ';\n  for (let x of ',
      'b',
      ') s += x',
      ';\n  return ',
      's',
      ';\n}',
    ]);
  });

  it('keeps texts short', () => {
    const mean = (family: string, text: (task: (typeof tasks)[number]) => string) => {
      const chosen = tasks.filter((task) => task.family === family);
      return chosen.reduce((sum, task) => sum + tokenizer.encode(text(task)).length, 0) / chosen.length;
    };
    expect(mean('pipelines', (task) => completionOf(task, task.reference!))).toBeLessThan(20);
    expect(mean('pipelines', (task) => ` ${task.description}`)).toBeLessThan(9);
    expect(mean('counters', (task) => completionOf(task, task.reference!))).toBeLessThan(24);
    expect(mean('narrated', (task) => completionOf(task, task.reference!))).toBeLessThan(30);
  });
});

describe('encode and decode', () => {
  it('lose nothing', () => {
    for (const text of texts) expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
    fc.assert(
      fc.property(anyText, (text) => {
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(wellFormed(text));
      }),
    );
  });

  it('agree with @huggingface/tokenizers', () => {
    for (const text of texts) {
      const ids = tokenizer.encode(text);
      expect(ids).toEqual(reference.encode(text).ids);
      expect(reference.decode(ids, { skip_special_tokens: false })).toBe(text);
    }
    fc.assert(
      fc.property(anyText, (text) => {
        expect(tokenizer.encode(text)).toEqual(reference.encode(text).ids);
      }),
      { numRuns: 500 },
    );
  });

  it('decode any ids alike, broken characters included', () => {
    const ids = fc.array(fc.nat({ max: VOCABULARY_SIZE - 1 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(ids, fc.boolean(), (tokens, skipSpecial) => {
        expect(tokenizer.decode(tokens, { skipSpecial })).toBe(
          reference.decode(tokens, { skip_special_tokens: skipSpecial }),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('cut at the border between prompt and completion', () => {
    for (const task of tasks) {
      const prompt = codePrompt(task);
      const completion = completionOf(task, task.reference!);
      expect([...tokenizer.encode(prompt), ...tokenizer.encode(completion)]).toEqual(
        tokenizer.encode(prompt + completion),
      );
    }
  });

  it('leave marks out where asked', () => {
    const ids = tokenizer.encode('<|task|> add<|eos|>');
    expect(ids).toHaveLength(3);
    expect(tokenizer.decode(ids)).toBe('<|task|> add<|eos|>');
    expect(tokenizer.decode(ids, { skipSpecial: true })).toBe(' add');
    expect(tokenizer.decode([])).toBe('');
  });

  it('name ids and tokens that do not exist', () => {
    expect(() => tokenizer.decode([704])).toThrow('from 0 to 703, got 704 at 0');
    expect(() => tokenizer.id(' nothing')).toThrow('is not one token');
    expect(tokenizer.decode([tokenizer.id('}')])).toBe('}');
  });
});

describe('loadTokenizer', () => {
  it('reproduces the tokenizer from its file', () => {
    const loaded = loadTokenizer(files['tokenizer.json']);
    expect(loaded.spellings).toEqual(tokenizer.spellings);
    for (const text of texts.slice(0, 100)) expect(loaded.encode(text)).toEqual(tokenizer.encode(text));
    expect(tokenizerFiles(loaded)).toEqual(files);
  });

  it('reads an older, smaller vocabulary', () => {
    const file = JSON.parse(files['tokenizer.json']);
    const split = file.pre_tokenizer.pretokenizers[0].pattern;
    const last = PIECES.at(-1)!;
    delete file.model.vocab[tokenizer.spellings[703]!];
    split.Regex = split.Regex.split('|')
      .filter((branch: string) => branch !== last)
      .join('|');
    // The literal `|` is escaped in the pattern; the piece taken away here holds none.
    const loaded = loadTokenizer(JSON.stringify(file));
    expect(loaded.vocabSize).toBe(703);
    expect(loaded.encode('<|code|>')).toEqual([3]);
  });

  // biome-ignore lint/suspicious/noExplicitAny: the point is to break the file anywhere
  const broken: [string, (file: any) => void, string][] = [
    ['another model', (file) => (file.model.type = 'WordPiece'), 'must be a BPE without merges'],
    ['merges', (file) => file.model.merges.push('a b'), 'must be a BPE without merges'],
    ['no vocabulary', (file) => (file.model.vocab = null), 'no vocabulary'],
    ['a gap', (file) => (file.model.vocab.zz = 999), 'the id 999'],
    ['an id below 0', (file) => (file.model.vocab.zz = -1), 'have gaps'],
    ['a huge id', (file) => (file.model.vocab.zz = 4e9), 'the id 4000000000'],
    ['an endless token', (file) => (file.model.vocab['z'.repeat(1e6)] = 704), '1000000 bytes'],
    ['an id twice', (file) => (file.model.vocab.zz = 5), 'the id 5'],
    ['other marks', (file) => (file.added_tokens[1].content = '</s>'), 'added_tokens must be <|pad|>'],
    ['another pattern', (file) => (file.pre_tokenizer.pretokenizers[0].pattern.Regex = '.'), 'Split pattern'],
    ['a foreign character', (file) => (file.model.vocab.語 = 704), 'not written in the byte alphabet'],
  ];
  it.each(broken)('refuses a file with %s', (_, change, message) => {
    const file = JSON.parse(files['tokenizer.json']);
    change(file);
    expect(() => loadTokenizer(JSON.stringify(file))).toThrow(message);
  });

  it('refuses text that is no file', () => {
    expect(() => loadTokenizer('{')).toThrow('is not JSON');
    expect(() => loadTokenizer('null')).toThrow('expected a tokenizer.json written by Tracewright');
  });
});
