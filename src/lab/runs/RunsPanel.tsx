import { useState } from 'preact/hooks';
import { labConfig } from '../state/config.ts';
import type { Lab } from '../state/lab.ts';
import { changeView, notify, type RunEntry, type Store } from '../state/store.ts';
import { Panel } from '../ui/Panel.tsx';
import { Tip } from '../ui/Tip.tsx';
import { describeDifference, differences } from './diff.ts';
import { ImportButton } from './ImportButton.tsx';

/** Differences that a row names before it only counts them. */
const NAMED = 3;

/** Every run that this browser keeps, and the recorded one. */
export function RunsPanel({ lab }: { lab: Lab }) {
  const { store } = lab;
  const runs = store.runs.value;
  return (
    <Panel
      id="runs"
      title="Runs"
      lead="Kept in this browser. Lay runs over one another in the curves, and see what a change of set-up did."
      aside={<ImportButton lab={lab} />}
    >
      {runs.length === 0 ? (
        <p class="note">No runs yet.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table scrolls by the keyboard too.
        // biome-ignore lint/a11y/useSemanticElements: it is no form's group.
        <div class="scroll" role="group" aria-label="Table of runs" tabIndex={0}>
          <table class="runs">
            <thead>
              <tr>
                <th scope="col">
                  <Tip help="Draws the run's curves beside those of the open run.">lay over</Tip>
                </th>
                <th scope="col">run</th>
                <th scope="col">
                  <Tip help="What differs from the set-up of the run before it; for the first one, from the page's own set-up.">
                    what changed
                  </Tip>
                </th>
                <th scope="col">steps</th>
                <th scope="col">
                  <Tip help="Held-out pass@1 at the first evaluation and at the last.">pass@1</Tip>
                </th>
                <th scope="col">
                  <span class="visually-hidden">actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {runs.map((run, i) => (
                <Row key={run.id} lab={lab} run={run} before={runs[i - 1]} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function Row({ lab, run, before }: { lab: Lab; run: RunEntry; before: RunEntry | undefined }) {
  const { store } = lab;
  const isOpen = store.openId.value === run.id;
  const isLive = store.liveId.value === run.id;
  const data = run.data.value;
  const passes = data.evaluations.flatMap(({ measures }) => measures['pass@1'] ?? []);
  const first = passes[0];
  const last = passes.at(-1);
  const name = run.name.value;
  const act = (work: () => Promise<void>) => () => {
    work().catch((error: Error) => notify(store, { kind: 'runs', level: 'error', text: error.message }));
  };
  return (
    <tr aria-current={isOpen ? 'true' : undefined}>
      <td>
        <input
          type="checkbox"
          aria-label={`Lay ${name} over`}
          checked={isOpen || store.overlaid.value.has(run.id)}
          disabled={isOpen}
          onChange={() => toggleOverlay(store, run.id)}
        />
      </td>
      <th scope="row">
        <Name lab={lab} run={run} />
        <small>{run.origin === 'recorded' ? 'came with the page' : when(run.created)}</small>
      </th>
      <td>
        <WhatChanged run={run} before={before} />
      </td>
      <td class="figure">
        {data.metrics.at(-1)?.step ?? data.evaluations.at(-1)?.step ?? 0} of {data.totalSteps}
        <small>{isLive ? 'live' : data.phase}</small>
      </td>
      <td class="figure">{first && last ? `${first.value.toFixed(2)} → ${last.value.toFixed(2)}` : '–'}</td>
      <td>
        <div class="row-actions">
          <button
            type="button"
            disabled={isOpen}
            onClick={() => openRun(store, run)}
            aria-label={`Open ${name}`}
          >
            {isOpen ? 'Open' : 'Open it'}
          </button>
          {canGoOn(run) && (
            <button
              type="button"
              disabled={store.liveId.value !== undefined}
              aria-label={`Go on with ${name}`}
              onClick={() => {
                openRun(store, run);
                act(() => lab.session.goOn(run))();
              }}
            >
              Go on
            </button>
          )}
          <button type="button" onClick={act(() => lab.library.exportRun(run))} aria-label={`Export ${name}`}>
            Export
          </button>
          {run.origin === 'own' && (
            <Delete name={name} disabled={isLive} onDelete={act(() => lab.library.deleteRun(run))} />
          )}
        </div>
      </td>
    </tr>
  );
}

/** A run that did not come to its end goes on from its last checkpoint. */
function canGoOn({ origin, data }: RunEntry): boolean {
  const { phase } = data.value;
  return origin === 'own' && (phase === 'interrupted' || phase === 'failed');
}

function toggleOverlay(store: Store, id: string): void {
  const overlaid = new Set(store.overlaid.value);
  if (!overlaid.delete(id)) overlaid.add(id);
  store.overlaid.value = overlaid;
}

/** Opens a run with its set-up, so that the next one starts from it. */
function openRun(store: Store, run: RunEntry): void {
  store.openId.value = run.id;
  if (store.liveId.value === undefined) store.config.value = run.config;
  changeView(store, {
    step: undefined,
    group: undefined,
    sample: undefined,
    test: undefined,
    trace: undefined,
  });
}

function WhatChanged({ run, before }: { run: RunEntry; before: RunEntry | undefined }) {
  const found = differences(before?.config ?? labConfig(run.config.method), run.config);
  if (found.length === 0) return <span class="note">{before ? 'nothing' : "the page's own set-up"}</span>;
  const rest = found.slice(NAMED);
  return (
    <ul class="changes">
      {found.slice(0, NAMED).map((difference) => (
        <li key={difference.name}>{describeDifference(difference)}</li>
      ))}
      {rest.length > 0 && (
        <li>
          <Tip help={rest.map(describeDifference).join('; ')}>and {rest.length} more</Tip>
        </li>
      )}
    </ul>
  );
}

/** The name; pressed, it becomes a field. */
function Name({ lab, run }: { lab: Lab; run: RunEntry }) {
  const [editing, setEditing] = useState(false);
  const name = run.name.value;
  if (run.origin === 'recorded') return <span class="name">{name}</span>;
  if (!editing) {
    return (
      <button type="button" class="plain" aria-label={`Rename ${name}`} onClick={() => setEditing(true)}>
        {name}
      </button>
    );
  }
  const end = (text: string) => {
    setEditing(false);
    if (text.trim() !== '' && text.trim() !== name) lab.library.renameRun(run, text.trim());
  };
  return (
    <input
      type="text"
      aria-label={`New name of ${name}`}
      maxLength={80}
      value={name}
      ref={(input) => input?.focus()}
      onBlur={(event) => end(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === 'Enter') end(event.currentTarget.value);
        if (event.key === 'Escape') setEditing(false);
      }}
    />
  );
}

/** Asks once more before a run is gone. */
function Delete({ name, disabled, onDelete }: { name: string; disabled: boolean; onDelete: () => void }) {
  const [sure, setSure] = useState(false);
  return (
    <button
      type="button"
      disabled={disabled}
      class={sure ? 'danger' : ''}
      aria-label={sure ? `Really delete ${name}` : `Delete ${name}`}
      onBlur={() => setSure(false)}
      onClick={() => (sure ? onDelete() : setSure(true))}
    >
      {sure ? 'Really?' : 'Delete'}
    </button>
  );
}

function when(created: number): string {
  return new Date(created).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}
