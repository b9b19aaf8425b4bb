/** Colours of runs, told apart also by people who see few; the open run has the first. Set in `lab.css`. */
const RUN_COLOURS = 6;

/** A colour of `lab.css` as it is now, light or dark, for a canvas, which knows no variables. */
export function colourOf(variable: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${variable})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** The colour of a run by its place among the drawn ones. */
export function runColour(place: number): string {
  return colourOf(`--run-${place % RUN_COLOURS}`);
}
