/** A run that a notebook plots: its directory, or its archive, as seen from the notebook. */
export interface NotebookRun {
  name: string;
  path: string;
}

const LOAD = `import io
import json
import zipfile
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd


def load(place):
    """A run's directory, or its exported .zip, as tables of metrics and of held-out measures."""
    root = zipfile.Path(place) if str(place).endswith(".zip") else Path(place)
    config = json.loads((root / "config.json").read_text(encoding="utf-8"))
    lines = (root / "metrics.jsonl").read_text(encoding="utf-8")
    metrics = pd.read_json(io.StringIO(lines), lines=True).set_index("step")
    found = root / "evaluation.json"
    evaluations = json.loads(found.read_text(encoding="utf-8")) if found.exists() else {}
    points = [evaluations.get("before"), *evaluations.get("during", []), evaluations.get("after")]
    measures = pd.DataFrame(
        [
            {"step": point["step"], "measure": name, **estimate}
            for point in points
            if point
            for name, estimate in point["measures"].items()
        ]
    )
    return {"config": config, "metrics": metrics, "measures": measures}


runs = {name: load(place) for name, place in RUNS.items()}`;

const DIFFERENCES = `# Settings in which the runs differ
configs = pd.DataFrame({name: run["config"] for name, run in runs.items()})
configs[configs.nunique(axis=1, dropna=False) > 1] if len(runs) > 1 else configs`;

const PLOT_METRICS = `# Metrics a step, smoothed over WINDOW steps; the measured values behind
WINDOW = 10
WANTED = ["reward", "rewards/code/mean", "rewards/alignment/mean", "loss", "entropy", "kl",
          "completions/mean_length", "grad_norm", "tokens_per_second"]
shown = [name for name in WANTED if any(name in run["metrics"] for run in runs.values())]
figure, axes = plt.subplots(-(-len(shown) // 3), 3, figsize=(14, 3.2 * -(-len(shown) // 3)), squeeze=False)
for axis, metric in zip(axes.flat, shown):
    for index, (name, run) in enumerate(runs.items()):
        if metric in run["metrics"]:
            values = run["metrics"][metric]
            axis.plot(values.index, values, color=f"C{index}", alpha=0.25)
            smooth = values.rolling(WINDOW, min_periods=1).mean()
            axis.plot(values.index, smooth, color=f"C{index}", label=name)
    axis.set_title(metric)
    axis.set_xlabel("step")
for axis in axes.flat[len(shown):]:
    axis.axis("off")
if shown:
    axes.flat[0].legend()
figure.tight_layout()
plt.show()`;

const PLOT_MEASURES = `# Held-out measures with 95% intervals
every = pd.concat([run["measures"].assign(run=name) for name, run in runs.items()], ignore_index=True)
names = list(every["measure"].unique()) if len(every) else []
if names:
    figure, axes = plt.subplots(-(-len(names) // 3), 3, figsize=(14, 3.2 * -(-len(names) // 3)), squeeze=False)
    for axis, measure in zip(axes.flat, names):
        for index, name in enumerate(runs):
            points = every[(every["measure"] == measure) & (every["run"] == name)].sort_values("step")
            axis.plot(points["step"], points["value"], marker="o", color=f"C{index}", label=name)
            axis.fill_between(points["step"], points["low"], points["high"], color=f"C{index}", alpha=0.15)
        axis.set_title(measure)
        axis.set_xlabel("step")
    for axis in axes.flat[len(names):]:
        axis.axis("off")
    axes.flat[0].legend()
    figure.tight_layout()
    plt.show()`;

const TABLE = `# The last evaluation of each run
if names:
    last = every.sort_values("step").groupby(["run", "measure"]).last()
    table = last.apply(lambda row: f"{row['value']:.3f} [{row['low']:.3f}, {row['high']:.3f}]", axis=1)
    display(table.unstack("run")) if "display" in globals() else print(table.unstack("run"))`;

/**
 * A Jupyter notebook (nbformat 4.5) that plots runs side by side; needs pandas and matplotlib.
 * @param runs what it reads when its cells are run
 */
export function notebook(runs: readonly NotebookRun[]): string {
  const places = Object.fromEntries(runs.map(({ name, path }) => [name, path]));
  // A JSON object of texts is a Python dictionary, too.
  const choose = `# Runs by name: directories, or exported .zip files\nRUNS = ${JSON.stringify(places, null, 4)}`;
  const title = `# Tracewright: ${runs.map(({ name }) => name).join(', ')}\n\nNeeds \`pip install pandas matplotlib\`.`;
  const cells = [
    ['markdown', title],
    ...[choose, LOAD, DIFFERENCES, PLOT_METRICS, PLOT_MEASURES, TABLE].map((source) => ['code', source]),
  ];
  const file = {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {
      kernelspec: { display_name: 'Python 3', language: 'python', name: 'python3' },
      language_info: { name: 'python' },
    },
    cells: cells.map(([type, source], i) => ({
      id: `cell-${i}`,
      cell_type: type,
      metadata: {},
      source: source!.split(/(?<=\n)/),
      ...(type === 'code' ? { execution_count: null, outputs: [] } : {}),
    })),
  };
  return `${JSON.stringify(file, null, 1)}\n`;
}
