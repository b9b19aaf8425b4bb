import fc from 'fast-check';

/**
 * Random programs for the differential tests: every form of definition, most statements, few semicolons. They
 * may throw; `burn()` in each loop bounds them, and `log(x)` shows the order in which things happen.
 */

const NAMES = ['a', 'n', 'b', 'c', 'i', 's'];
const name = fc.constantFrom(...NAMES);

const { expression, statement, block } = fc.letrec<{
  expression: string;
  place: string;
  pattern: string;
  statement: string;
  block: string;
}>((tie) => {
  const e = tie('expression');
  const form = (...parts: (string | fc.Arbitrary<string>)[]) =>
    fc
      .tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part)))
      .map((texts) => texts.join(''));
  const place = fc.oneof(
    { depthSize: 'small' },
    name,
    form(name, '[', e, ']'),
    form('b[0]'),
    form('a.length'),
  );
  const pattern = fc.constantFrom(
    '[b, c]',
    '{ length: n = 1 }',
    '[a[0], s = 4]',
    '[, ...b]',
    '{ c = () => 1, ...s }',
  );
  const operator = fc.constantFrom('=', '+=', '-=', '*=', '||=', '&&=', '??=', '>>=');
  return {
    place,
    pattern,
    expression: fc.oneof(
      { maxDepth: 3, depthSize: 'small' },
      fc.constantFrom('0', '1', '2', '"x"', '[]', '[1, 2]', 'null', 'undefined', '() => 1'),
      name,
      form('(', e, ' ', fc.constantFrom('+', '-', '*', '<', '===', '&&', '||', '??', ','), ' ', e, ')'),
      form('(', e, ' ? ', e, ' : ', e, ')'),
      form('(', place, ' ', operator, ' ', e, ')'),
      form('(', pattern, ' = ', e, ')'),
      form('(', fc.constantFrom('++', '--'), place, ')'),
      form(place, fc.constantFrom('++', '--')),
      form(name, '.', fc.constantFrom('push', 'unshift', 'concat', 'fill'), '(', e, ')'),
      form(name, '?.', fc.constantFrom('pop', 'reverse', 'sort', 'toString'), '?.()'),
      form('(delete ', name, '?.[0])'),
      form('[', e, ', ', e, ']'),
      form('log(', e, ')'),
      form('g(', name, ')'),
      form('((x, y = ', e, ') => ', e, ')(', name, ')'),
      form('[1, 2].map((', name, ') => { ', tie('statement'), '\nreturn ', e, ' })'),
      form('(function () { ', tie('statement'), '\nreturn this })()'),
      form('(class { x = ', e, '; m() { return this.x } }).name'),
      form('[...function* () { ', name, ' = yield ', e, ' }()]'),
    ),
    statement: fc.oneof(
      { maxDepth: 3, depthSize: 'small' },
      form(e, ';'),
      form('log(', e, ')'),
      form('let ', name, ' = ', e),
      form('let ', name, ';'),
      form('var ', fc.constantFrom('v', 'w'), ' = ', e, ', w'),
      form('const [', name, ' = ', e, '] = ', e),
      form('if (', e, ') ', tie('statement'), '\nelse ', tie('block')),
      form('if (', e, ') ', tie('block'), ' else if (', e, ') ', tie('block')),
      form('for (let i = 0, c = ', e, '; i < 3 && burn(); i++) ', tie('block')),
      form('for (const ', name, ' of ', e, ') ', tie('block')),
      form('for (', place, ' of [1, 2]) ', tie('block')),
      form(
        'for (let ',
        pattern.filter((text) => !text.includes('a[')),
        ' of [[1, 2]]) ',
        tie('block'),
      ),
      form('for (const ', name, ' in ', e, ') burn();'),
      form('while (n-- > 0 && burn()) ', tie('block')),
      form('do ', e, '; while (!burn())'),
      form('o: for (;burn();) { ', tie('statement'), '\nif (', e, ') continue o; break o }'),
      form('o: { ', tie('statement'), '\nif (', e, ') break o; ', tie('statement'), ' }'),
      form(
        'switch (',
        e,
        ') { case 1: ',
        tie('statement'),
        '\ncase ',
        e,
        ': let c = ',
        e,
        '; break; default: ',
        tie('statement'),
        ' }',
      ),
      form('try ', tie('block'), ' catch (', name, ') ', tie('block')),
      form('try ', tie('block'), ' catch { } finally ', tie('block')),
      form('throw ', e),
      form('return ', e),
      form('return'),
      form('{ function h(b) { return ', e, ' }\nh(', name, ') }'),
      tie('block'),
    ),
    block: fc
      .array(tie('statement'), { maxLength: 3, depthIdentifier: 'block' })
      .map((list) => `{ ${list.join('\n')} }`),
  };
});

/** A program that defines `f(a, n)`; a few declare a name twice and do not parse. */
export const programText: fc.Arbitrary<string> = fc
  .tuple(fc.array(statement, { minLength: 1, maxLength: 5 }), expression, block, fc.boolean())
  .map(([body, result, helper, arrow]) => {
    const inner = `let b = [1], c = 1, i = 0, s = ''
try { ${body.join('\n')}
return [a, n, b, c, i, s, ${result}, lines] }
catch (z) { return [typeof z, z instanceof Error && z.name + z.message, lines] }`;
    return `let lines = [], left = 60;
const log = (x) => (lines.push(x), x), burn = () => { if (left-- < 0) throw new Error('too long'); return true };
${arrow ? 'const f = (a, n) =>' : 'function f(a, n)'} {\n${inner}\n}
function g(x) { burn(); let a, n, b, c, i, s\n${helper} }`;
  });
