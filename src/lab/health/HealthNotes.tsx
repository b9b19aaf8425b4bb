import type { RunData } from '../state/run.ts';
import { type HealthNote, healthNotes } from './health.ts';

const WORDS = { trouble: 'Trouble', watch: 'Watch', fine: 'All well' } as const;

/** What the curves mean, in words: the notes of some levels. */
export function HealthNotes({ data, levels }: { data: RunData; levels: readonly HealthNote['level'][] }) {
  const notes = healthNotes(data.metrics, data.evaluations).filter(({ level }) => levels.includes(level));
  if (notes.length === 0) return null;
  return (
    <ul class="health" aria-label="What the curves mean">
      {notes.map(({ id, level, title, text }) => (
        <li key={id} class={level}>
          <span class="health-level">{WORDS[level]}</span>
          <strong>{title}.</strong> {text}
        </li>
      ))}
    </ul>
  );
}
