import type { Value } from '../../program/values.ts';
import { sameValue } from '../../program/values.ts';
import type { CallResult, Sandbox, Trace } from '../../sandbox/types.ts';
import { Listing } from '../ui/Listing.tsx';
import { firstDivergence, momentAt } from './steps.ts';
import { type Callable, useCalls } from './useCalls.ts';
import { ValueText, Variables } from './Variables.tsx';

const NO_STEPS: Trace = { steps: [], hits: {}, lastDefinition: {}, atEnd: {}, truncated: false };

/** A call stepped through forwards and backwards, with the reference's call beside it. */
export function Stepper(props: {
  program: Callable;
  /** What the program is called here: `this program`, `your program`. */
  title: string;
  reference?: Callable;
  input: readonly Value[];
  /** What the call should return, where known. */
  expected?: { value: Value };
  sandbox: () => Promise<Sandbox>;
  /** Steps of the trace already made. */
  at: number;
  onMove: (at: number) => void;
}) {
  const { program, reference, input, expected, sandbox, at, onMove, title } = props;
  const calls = useCalls(sandbox, reference ? [program, reference] : [program], input);
  if (calls.state === 'failed') {
    return (
      <p class="error" role="alert">
        The sandbox could not run this: {calls.reason}. Choose another test to try again, or reload the page.
      </p>
    );
  }
  const [own, other] = calls.state === 'done' ? calls.results : [];
  const trace = own?.trace ?? NO_STEPS;
  const otherTrace = other?.trace;
  const length = Math.max(trace.steps.length, otherTrace?.steps.length ?? 0);
  const here = Math.min(at, length);
  const parting = own?.trace && otherTrace ? firstDivergence(trace, otherTrace) : undefined;
  return (
    <div class="stepper">
      <Transport
        at={here}
        length={length}
        parting={parting}
        onMove={onMove}
        isReady={calls.state === 'done'}
      />
      <div class="side-by-side">
        <Side
          title={title}
          program={program}
          call={own}
          trace={trace}
          at={here}
          isParted={here === parting}
          expected={expected}
        />
        {reference && (
          <Side
            title="reference"
            program={reference}
            call={other}
            trace={otherTrace ?? NO_STEPS}
            at={here}
            isParted={here === parting}
            expected={expected}
          />
        )}
      </div>
      <p class="note">×2 at the end of a line: it ran twice.</p>
    </div>
  );
}

function Transport(props: {
  at: number;
  length: number;
  parting: number | undefined;
  isReady: boolean;
  onMove: (at: number) => void;
}) {
  const { at, length, parting, onMove, isReady } = props;
  const button = (text: string, to: number, disabled: boolean) => (
    <button type="button" disabled={disabled || !isReady} onClick={() => onMove(to)}>
      {text}
    </button>
  );
  return (
    <div class="transport">
      <div class="buttons">
        {button('First', 0, at === 0)}
        {button('Back', at - 1, at === 0)}
        {button('Forward', at + 1, at === length)}
        {button('Last', length, at === length)}
        {parting !== undefined && button('To the first difference', parting, at === parting)}
      </div>
      <label class="slider">
        <span>
          step {at} of {length}
        </span>
        <input
          type="range"
          min={0}
          max={length}
          value={at}
          disabled={!isReady || length === 0}
          onInput={(event) => onMove(Number(event.currentTarget.value))}
        />
      </label>
      {isReady && parting !== undefined && (
        <p class={at >= parting ? 'parting reached' : 'parting'}>
          {at >= parting
            ? `From step ${parting} on the two compute different values.`
            : `The two compute the same up to step ${parting - 1}.`}
        </p>
      )}
    </div>
  );
}

function Side(props: {
  title: string;
  program: Callable;
  call: CallResult | undefined;
  trace: Trace;
  at: number;
  /** Here the two compute different values for the first time. */
  isParted: boolean;
  expected: { value: Value } | undefined;
}) {
  const { title, program, call, trace, at, isParted, expected } = props;
  const moment = momentAt(trace, Math.min(at, trace.steps.length));
  const isOver = at >= trace.steps.length;
  return (
    <div class="side">
      <h3>{title}</h3>
      <Listing
        code={program.code}
        label={`source of ${title}`}
        current={moment.line}
        isParted={isParted}
        errorLine={isOver ? call?.line : undefined}
        hits={trace.hits}
      />
      <Variables variables={moment.variables} label={`variables of ${title} at step ${at}`} />
      {call && isOver && <Outcome call={call} expected={expected} />}
      {trace.truncated && (
        <p class="note">The trace is longer than what is kept; its later steps are missing.</p>
      )}
    </div>
  );
}

/** How the call ended, and whether that was right. */
export function Outcome({ call, expected }: { call: CallResult; expected?: { value: Value } }) {
  if (call.status !== 'ok') {
    return (
      <p class="outcome wrong">
        {call.status.replaceAll('_', ' ')}
        {call.line === undefined ? '' : ` in line ${call.line}`}: {call.error}
      </p>
    );
  }
  const isRight = expected && sameValue(call.value, expected.value);
  return (
    <p class={expected ? `outcome ${isRight ? 'right' : 'wrong'}` : 'outcome'}>
      returns <ValueText value={call.value} />
      {expected && !isRight && (
        <>
          , expected <ValueText value={expected.value} />
        </>
      )}
      {isRight && ', as expected'}
    </p>
  );
}
