import { formatNumber } from '../../runs/format.ts';
import { type Term, termOf } from '../terms.ts';
import { Tip } from './Tip.tsx';

/** A term that explains itself. */
export function TermTip({ name, term = termOf(name) }: { name: string; term?: Term }) {
  return <Tip help={term.unit ? `${term.help} In ${inWords(term.unit)}.` : term.help}>{term.label}</Tip>;
}

/** A unit that not everybody knows says what it is. */
function inWords(unit: string): string {
  return unit.startsWith('nats') ? `${unit}; 1 nat is 1.44 bits` : unit;
}

/** A number with its unit. */
export function Figure({ name, value }: { name: string; value: number | undefined }) {
  const { unit } = termOf(name);
  const isSize = unit === 'bytes' && value !== undefined;
  return (
    <span class="figure">
      {value === undefined ? '–' : isSize ? (value / 1e6).toFixed(1) : formatNumber(value)}
      {unit && <small> {isSize ? 'MB' : unit}</small>}
    </span>
  );
}
