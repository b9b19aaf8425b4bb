import { useEffect, useRef } from 'preact/hooks';

interface Opened {
  replace(text: string): void;
  destroy(): void;
}

/**
 * An editor for JavaScript (CodeMirror 6, fetched when it is first shown). It lives in a shadow root, because a
 * strict Content-Security-Policy allows its styles nowhere else.
 */
export function Editor(props: { code: string; label: string; onChange: (code: string) => void }) {
  const place = useRef<HTMLDivElement>(null);
  const opened = useRef<Opened | undefined>(undefined);
  const latest = useRef(props);
  latest.current = props;

  useEffect(() => {
    let open = true;
    const root = place.current!.shadowRoot ?? place.current!.attachShadow({ mode: 'open' });
    import('./codemirror.ts').then(({ createEditor, replaceText }) => {
      if (!open) return;
      const { code, label } = latest.current;
      const view = createEditor(root, code, label, (text) => latest.current.onChange(text));
      opened.current = { replace: (text) => replaceText(view, text), destroy: () => view.destroy() };
    });
    return () => {
      open = false;
      opened.current?.destroy();
      opened.current = undefined;
    };
  }, []);

  useEffect(() => opened.current?.replace(props.code), [props.code]);

  return <div class="editor" ref={place} />;
}
