import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { javascript } from '@codemirror/lang-javascript';
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { Annotation, EditorState } from '@codemirror/state';
import { EditorView, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';

// Colours are the page's own, by the same names as in `Listing`.
const colours = HighlightStyle.define([
  { tag: tags.keyword, color: 'var(--code-keyword)' },
  { tag: tags.number, color: 'var(--code-number)' },
  { tag: [tags.string, tags.regexp], color: 'var(--code-string)' },
  { tag: tags.comment, color: 'var(--soft)' },
]);

const look = EditorView.theme({
  '&': { fontSize: '0.85rem', color: 'var(--ink)' },
  '.cm-content': { fontFamily: 'ui-monospace, monospace', caretColor: 'var(--ink)' },
  '.cm-gutters': { background: 'transparent', color: 'var(--soft)', border: 'none' },
  '&.cm-focused': { outline: '2px solid var(--accent)' },
});

/** Marks changes that the page made, which it need not be told of. */
const fromPage = Annotation.define<boolean>();

/** Replaces the text, unless it is already this one. */
export function replaceText(view: EditorView, text: string): void {
  if (view.state.doc.toString() === text) return;
  view.dispatch({
    changes: { from: 0, to: view.state.doc.length, insert: text },
    annotations: fromPage.of(true),
  });
}

/** Opens an editor inside a shadow root. Tab leaves it, so that the keyboard is never caught. */
export function createEditor(
  root: ShadowRoot,
  code: string,
  label: string,
  onChange: (code: string) => void,
): EditorView {
  return new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: code,
      extensions: [
        lineNumbers(),
        history(),
        keymap.of([...defaultKeymap, ...historyKeymap]),
        javascript(),
        syntaxHighlighting(colours),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ 'aria-label': label }),
        EditorView.updateListener.of((update) => {
          const byHand = update.transactions.some((one) => one.docChanged && !one.annotation(fromPage));
          if (byHand) onChange(update.state.doc.toString());
        }),
        look,
      ],
    }),
  });
}
