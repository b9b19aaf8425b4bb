import type { ComponentChildren } from 'preact';

/** One part of the page, from far to near: a heading, a sentence that says what it is for, and its content. */
export function Panel(props: {
  id: string;
  title: string;
  lead?: ComponentChildren;
  aside?: ComponentChildren;
  children: ComponentChildren;
}) {
  return (
    <section class="panel" id={props.id} aria-labelledby={`${props.id}-title`}>
      <header class="panel-head">
        <h2 id={`${props.id}-title`}>{props.title}</h2>
        {props.aside}
      </header>
      {props.lead && <p class="lead">{props.lead}</p>}
      {props.children}
    </section>
  );
}
