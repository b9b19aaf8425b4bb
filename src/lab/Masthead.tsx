import { useState } from 'preact/hooks';
import { encodeAddress } from './state/address.ts';
import { notify, type Store } from './state/store.ts';

/** What the page is, and a link to what it shows. */
export function Masthead({ store }: { store: Store }) {
  return (
    <header class="masthead">
      <h1>Tracewright</h1>
      <p>
        A small language model learns to write JavaScript here, in this page, from what its programs do when
        they run. It answers each task several times; what does better in the tests becomes more likely.
      </p>
      <CopyLink store={store} />
    </header>
  );
}

function CopyLink({ store }: { store: Store }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    const link = `${location.origin}${location.pathname}?${encodeAddress({ config: store.config.value, view: store.view.value })}`;
    try {
      await navigator.clipboard.writeText(link);
      setCopied(true);
      setTimeout(() => setCopied(false), 2000);
    } catch {
      notify(store, {
        kind: 'link',
        level: 'info',
        text: `This browser does not let the page copy; here is the link: ${link}`,
      });
    }
  };
  return (
    <button type="button" onClick={copy}>
      <span aria-live="polite">{copied ? 'Link copied' : 'Copy link'}</span>
    </button>
  );
}
