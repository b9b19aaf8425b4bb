import { render } from 'preact';
import { startHeadless } from './headless.ts';
import { LabPage } from './LabPage.tsx';
import { startLab } from './state/lab.ts';

if (new URLSearchParams(location.search).has('headless')) startHeadless();
else {
  const place = document.querySelector<HTMLElement>('#lab')!;
  place.replaceChildren();
  render(<LabPage lab={startLab(location.search)} />, place);
}
