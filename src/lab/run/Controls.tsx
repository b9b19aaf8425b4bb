import type { Config, OptionName } from '../../runs/config.ts';
import { ConfigError, describeValues, optionFor, parseOption } from '../../runs/options.ts';
import { changedNames, withBase } from '../state/config.ts';
import { isShown, type Store } from '../state/store.ts';
import { Tip } from '../ui/Tip.tsx';
import { FIRST, optionGroups } from './optionGroups.ts';

/** The methods of the lesson, in words; the others are algorithms for whoever knows their names. */
const METHOD_WORDS: Partial<Record<Config['method'], string>> = {
  sft: 'learn from examples',
  grpo: 'learn from tests',
  coderl_plus: 'tests and what programs do',
};

function methodLabel(method: Config['method']): string {
  const words = METHOD_WORDS[method];
  return words ? `${method}: ${words}` : method;
}

/** Controls for every key of the configuration, made from `OPTIONS`. */
export function Controls({ store, disabled }: { store: Store; disabled: boolean }) {
  const changed = changedNames(store.config.value).filter((name) => !FIRST.includes(name)).length;
  return (
    <div class="controls">
      <fieldset disabled={disabled}>
        <legend class="visually-hidden">Set-up of the next run</legend>
        {FIRST.map((name) => (
          <Control key={name} store={store} name={name} />
        ))}
      </fieldset>
      {isShown(store, 'options') && (
        <details>
          <summary>All options{changed > 0 && ` (${changed} changed)`}</summary>
          {optionGroups().map(({ title, names }) => (
            <fieldset key={title} disabled={disabled}>
              <legend>{title}</legend>
              {names.map((name) => (
                <Control key={name} store={store} name={name} />
              ))}
            </fieldset>
          ))}
        </details>
      )}
    </div>
  );
}

function Control({ store, name }: { store: Store; name: OptionName }) {
  const option = optionFor(name);
  const problem = store.wrong.value.get(name);
  const isChanged = changedNames(store.config.value).includes(name);
  const help = `${option.help}; ${describeValues(name)}`;
  const id = `option-${name}`;
  return (
    <div class={isChanged ? 'control changed' : 'control'}>
      <label for={id}>{name}</label>
      <Tip help={help} class="what">
        ?
      </Tip>
      <Input store={store} name={name} id={id} problem={problem} />
      {problem && (
        <span class="error" id={`${id}-problem`}>
          {problem}
        </span>
      )}
    </div>
  );
}

function Input(props: { store: Store; name: OptionName; id: string; problem: string | undefined }) {
  const { store, name, id, problem } = props;
  const option = optionFor(name);
  const value = store.config.value[name];
  const common = {
    id,
    name,
    'aria-invalid': problem !== undefined,
    'aria-describedby': problem ? `${id}-problem` : undefined,
  };
  const take = (text: string) => change(store, name, text);
  if (option.choices) {
    return (
      <select {...common} value={String(value)} onChange={(event) => take(event.currentTarget.value)}>
        {option.choices.map((choice) => (
          <option key={choice} value={choice}>
            {name === 'method' ? methodLabel(choice as Config['method']) : choice}
          </option>
        ))}
      </select>
    );
  }
  if (typeof value === 'boolean') {
    return (
      <input
        {...common}
        type="checkbox"
        checked={value}
        onChange={(event) => take(String(event.currentTarget.checked))}
      />
    );
  }
  return (
    <input
      {...common}
      type="text"
      inputMode={typeof value === 'number' ? 'decimal' : undefined}
      value={String(value)}
      onChange={(event) => take(event.currentTarget.value)}
    />
  );
}

/** Takes the text of one control, or says what is wrong with it. */
function change(store: Store, name: OptionName, text: string): void {
  const wrong = new Map(store.wrong.value);
  try {
    const value = parseOption(name, text);
    const { value: config } = store.config;
    store.config.value = changed(config, name, value);
    wrong.delete(name);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    wrong.set(name, error.message);
  }
  store.wrong.value = wrong;
}

function changed<K extends OptionName>(config: Config, name: K, value: Config[K]): Config {
  if (name === 'method') return withBase(config, { method: value as Config['method'] });
  if (name === 'algorithm') {
    return withBase(config, { method: config.method, algorithm: value as Config['algorithm'] });
  }
  return { ...config, [name]: value };
}
