import type { Config, OptionName } from '../runs/config.ts';
import {
  ConfigError,
  defaultConfig,
  describeValues,
  encodeQuery,
  OPTION_NAMES,
  optionFor,
  parseOption,
} from '../runs/options.ts';
import { element } from './dom.ts';

/** The keys that are always in sight; the others are folded away. */
const FIRST: readonly OptionName[] = ['method', 'steps', 'seed', 'device'];

type Input = HTMLInputElement | HTMLSelectElement;

function inputFor(name: OptionName, value: Config[OptionName]): Input {
  const option = optionFor(name);
  if (option.choices) {
    const choices = option.choices.map((choice) => element('option', { value: choice }, choice));
    const select = element('select', { name }, ...choices);
    select.value = String(value);
    return select;
  }
  if (typeof value === 'boolean') return element('input', { name, type: 'checkbox', checked: value });
  if (typeof value === 'string') return element('input', { name, type: 'text', value });
  return element('input', { name, type: 'text', inputMode: 'decimal', value: String(value) });
}

function isCheckbox(input: Input): input is HTMLInputElement {
  return input instanceof HTMLInputElement && input.type === 'checkbox';
}

function showValue(input: Input, value: Config[OptionName]): void {
  if (isCheckbox(input)) input.checked = value === true;
  else input.value = String(value);
}

function textOf(input: Input): string {
  return isCheckbox(input) ? String(input.checked) : input.value;
}

/** Controls for every key of the configuration, made from `OPTIONS`; they keep the address of the page up to date. */
export class Controls {
  readonly element = element('div');
  #config: Config;
  readonly #inputs = new Map<OptionName, Input>();
  readonly #fields: HTMLFieldSetElement[];
  readonly #wrong = new Map<OptionName, string>();

  constructor(config: Config) {
    this.#config = { ...config };
    const rest = OPTION_NAMES.filter((name) => !FIRST.includes(name));
    const first = element('fieldset', {}, ...FIRST.map((name) => this.#control(name)));
    const others = element('fieldset', {}, ...rest.map((name) => this.#control(name)));
    this.#fields = [first, others];
    this.element.append(first, element('details', {}, element('summary', {}, 'All options'), others));
  }

  /** The configuration as it stands; throws while a control holds a wrong value. */
  get config(): Config {
    const wrong = [...this.#wrong.values()];
    if (wrong.length > 0) throw new ConfigError(wrong.join('\n'));
    return { ...this.#config };
  }

  set enabled(enabled: boolean) {
    for (const field of this.#fields) field.disabled = !enabled;
  }

  #control(name: OptionName): HTMLLabelElement {
    const input = inputFor(name, this.#config[name]);
    this.#inputs.set(name, input);
    const problem = element('span', { className: 'error' });
    input.addEventListener('change', () => {
      problem.textContent = this.#take(name, textOf(input));
      input.setAttribute('aria-invalid', String(problem.textContent !== ''));
    });
    const help = element('small', {}, optionFor(name).help);
    return element('label', { title: describeValues(name) }, name, input, help, problem);
  }

  /** Takes the text of one control; returns what is wrong with it, or nothing. */
  #take<K extends OptionName>(name: K, text: string): string {
    try {
      const value = parseOption(name, text);
      if (name === 'method') this.#changeMethod(value as Config['method']);
      else this.#config[name] = value;
      this.#wrong.delete(name);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      this.#wrong.set(name, error.message);
      return error.message;
    }
    const query = encodeQuery(this.#config);
    history.replaceState(null, '', query ? `?${query}` : location.pathname);
    return '';
  }

  /** Another method brings its own defaults; what was changed by hand stays. */
  #changeMethod(method: Config['method']): void {
    const before = defaultConfig(this.#config.method);
    const changed = OPTION_NAMES.filter((name) => name !== 'method' && this.#config[name] !== before[name]);
    const kept = Object.fromEntries(changed.map((name) => [name, this.#config[name]]));
    this.#config = { ...defaultConfig(method), ...kept };
    for (const [name, input] of this.#inputs) {
      if (!this.#wrong.has(name)) showValue(input, this.#config[name]);
    }
  }
}
