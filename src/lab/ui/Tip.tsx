import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

/** The one explanation that is open, and where. */
const shown = signal<{ text: string; target: Element } | undefined>(undefined);
const GAP = 8;

const open = (text: string) => (event: { currentTarget: Element; type: string }) => {
  // A press focuses too, but whoever presses wants to act, not to read.
  if (event.type === 'focus' && !event.currentTarget.matches(':focus-visible')) return;
  shown.value = { text, target: event.currentTarget };
};
const close = () => {
  shown.value = undefined;
};

/** Something that explains itself on hover and on focus. */
export function Tip(props: { help: string; class?: string; children: ComponentChildren }) {
  const { help, children } = props;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: hovering and focusing only explain; nothing acts.
    <span
      class={`tip ${props.class ?? ''}`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: as above.
      tabIndex={0}
      aria-description={help}
      onMouseEnter={open(help)}
      onMouseLeave={close}
      onFocus={open(help)}
      onBlur={close}
    >
      {children}
    </span>
  );
}

/** Properties that give any element an explanation on hover and focus. */
export function tipOn(help: string) {
  return {
    'aria-description': help,
    onMouseEnter: open(help),
    onMouseLeave: close,
    onFocus: open(help),
    onBlur: close,
  };
}

/** Opens an explanation at an element, or closes the open one. */
export function explain(target: Element | undefined, text = ''): void {
  shown.value = target && { text, target };
}

/** Draws the open explanation above everything, inside the window; once in the page. */
export function TipLayer() {
  const box = useRef<HTMLDivElement>(null);
  const tip = shown.value;
  useLayoutEffect(() => {
    if (!tip || !box.current) return;
    const target = tip.target.getBoundingClientRect();
    const own = box.current.getBoundingClientRect();
    const width = document.documentElement.clientWidth;
    const left = Math.max(GAP, Math.min(target.left, width - own.width - GAP));
    const below = target.bottom + GAP;
    const top = below + own.height > innerHeight ? target.top - own.height - GAP : below;
    Object.assign(box.current.style, { left: `${left}px`, top: `${Math.max(GAP, top)}px` });
  }, [tip]);
  useLayoutEffect(() => {
    const leave = (event: KeyboardEvent) => {
      if (event.key === 'Escape') close();
    };
    addEventListener('keydown', leave);
    // A press may take the target away, and a scroll moves it.
    addEventListener('pointerdown', close);
    addEventListener('scroll', close, { passive: true });
    return () => {
      removeEventListener('keydown', leave);
      removeEventListener('pointerdown', close);
      removeEventListener('scroll', close);
    };
  }, []);
  return tip?.target.isConnected ? (
    <div ref={box} class="tip-box" aria-hidden="true">
      {tip.text}
    </div>
  ) : null;
}
