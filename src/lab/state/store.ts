import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { Config, OptionName } from '../../runs/config.ts';
import type { GroupDetail, RolloutRecord } from '../../runs/events.ts';
import { decodeAddress } from './address.ts';
import { mostInstructive } from './groups.ts';
import type { RunData, StepRollouts } from './run.ts';
import type { Hideable, View } from './view.ts';

/** One run that the page knows; its data change while it trains. */
export interface RunEntry {
  readonly id: string;
  readonly name: Signal<string>;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly config: Config;
  /** `recorded` came with the page; `own` was trained or imported here. */
  readonly origin: 'recorded' | 'own';
  readonly data: Signal<RunData>;
}

/** Something that a person should know or do; stays until dismissed. */
export interface Notice {
  /** Two notices of one kind replace each other. */
  kind: string;
  level: 'error' | 'warning' | 'info';
  text: string;
}

/** What the group panel and those below it show. */
export interface Selection {
  run: RunEntry;
  rollouts: StepRollouts;
  /** The completions of the open group, by sample. */
  records: readonly RolloutRecord[];
  detail: GroupDetail | undefined;
  /** The open completion. */
  record: RolloutRecord;
}

/** The page's whole state: a few signals that change, and what follows from them. */
export interface Store {
  readonly config: Signal<Config>;
  /** Controls that hold a wrong text, with what is wrong. */
  readonly wrong: Signal<ReadonlyMap<OptionName, string>>;
  readonly view: Signal<View>;
  readonly notices: Signal<readonly Notice[]>;
  /** All runs, the oldest first. */
  readonly runs: Signal<readonly RunEntry[]>;
  /** The run whose step is open. */
  readonly openId: Signal<string | undefined>;
  /** The run that has the trainer. */
  readonly liveId: Signal<string | undefined>;
  /** Runs whose curves are drawn, beside the open one. */
  readonly overlaid: Signal<ReadonlySet<string>>;
  /** The step under the curves' cursor. */
  readonly cursor: Signal<number | undefined>;
  /** Groups of the step named in the view, once read from storage; the newest step needs no reading. */
  readonly earlier: Signal<StepRollouts | undefined>;
  readonly open: ReadonlySignal<RunEntry | undefined>;
  readonly live: ReadonlySignal<RunEntry | undefined>;
  readonly selection: ReadonlySignal<Selection | undefined>;
}

/** The state that an address asks for. */
export function createStore(search: string): Store {
  const { config, view, problems } = decodeAddress(search);
  const runs = signal<readonly RunEntry[]>([]);
  const byId = (id: string | undefined) => runs.value.find((run) => run.id === id);
  const openId = signal<string | undefined>(undefined);
  const liveId = signal<string | undefined>(undefined);
  const viewSignal = signal(view);
  const earlier = signal<StepRollouts | undefined>(undefined);
  const open = computed(() => byId(openId.value));
  return {
    config: signal(config),
    wrong: signal(new Map()),
    view: viewSignal,
    notices: signal(
      problems.map((text, i) => ({
        kind: `address ${i}`,
        level: 'warning',
        text: `In the address: ${text}.`,
      })),
    ),
    runs,
    openId,
    liveId,
    overlaid: signal(new Set()),
    cursor: signal(undefined),
    earlier,
    open,
    live: computed(() => byId(liveId.value)),
    selection: computed(() => select(open.value, viewSignal.value, earlier.value)),
  };
}

/** The groups that the view opens: those of its step, or the newest. */
function select(
  run: RunEntry | undefined,
  view: View,
  earlier: StepRollouts | undefined,
): Selection | undefined {
  if (!run) return undefined;
  const { latest } = run.data.value;
  const rollouts = view.step === undefined || view.step === latest?.step ? latest : earlier;
  if (!rollouts || (view.step !== undefined && rollouts.step !== view.step)) return undefined;
  const wanted = view.group ?? mostInstructive(rollouts.records);
  const records = rollouts.records.filter(({ group }) => group === wanted);
  const record = records.find(({ sample }) => sample === view.sample) ?? records[0];
  if (!record) return undefined;
  const detail = rollouts.details.find(({ group }) => group === wanted);
  return { run, rollouts, records, detail, record };
}

/** Changes some of the view. */
export function changeView(store: Store, change: Partial<View>): void {
  store.view.value = { ...store.view.value, ...change };
}

/** Whether a part of the page is shown. */
export function isShown(store: Store, part: Hideable): boolean {
  return !store.view.value.hide.includes(part);
}

/** Tells a person something; an older notice of the same kind goes. */
export function notify(store: Store, notice: Notice): void {
  store.notices.value = [...store.notices.value.filter(({ kind }) => kind !== notice.kind), notice];
}

export function dismiss(store: Store, kind: string): void {
  store.notices.value = store.notices.value.filter((notice) => notice.kind !== kind);
}
