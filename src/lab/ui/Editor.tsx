import { useEffect, useRef } from 'preact/hooks';

/** Why the editor's styles are inside a shadow root: a strict policy allows no style elements in the page. */
type View = import('@codemirror/view').EditorView;

/** An editor for JavaScript (CodeMirror 6, fetched when it is first shown). */
export function Editor(props: { code: string; label: string; onChange: (code: string) => void }) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<View | undefined>(undefined);
  const latest = useRef(props);
  latest.current = props;

  useEffect(() => {
    let open = true;
    const root = place.current!.shadowRoot ?? place.current!.attachShadow({ mode: 'open' });
    import('./codemirror.ts').then(({ createEditor }) => {
      if (!open) return;
      const { code, label } = latest.current;
      view.current = createEditor(root, code, label, (text) => latest.current.onChange(text));
    });
    return () => {
      open = false;
      view.current?.destroy();
      view.current = undefined;
    };
  }, []);

  useEffect(() => {
    const editor = view.current;
    if (!editor || editor.state.doc.toString() === props.code) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: props.code } });
  }, [props.code]);

  return <div class="editor" ref={place} />;
}
