/** Texts to insert into a source at given offsets; at one offset, in the order they were added. */
export class Insertions {
  readonly #items: { at: number; text: string }[] = [];

  add(at: number, text: string): void {
    if (text) this.#items.push({ at, text });
  }

  /** The source with everything inserted. */
  apply(source: string): string {
    this.#items.sort((a, b) => a.at - b.at);
    let out = '';
    let from = 0;
    for (const { at, text } of this.#items) {
      out += source.slice(from, at) + text;
      from = at;
    }
    return out + source.slice(from);
  }
}
