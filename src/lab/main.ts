import { startHeadless } from './headless.ts';
import { startLab } from './lab.ts';

if (new URLSearchParams(location.search).has('headless')) startHeadless();
else startLab(document.querySelector<HTMLElement>('#lab')!);
