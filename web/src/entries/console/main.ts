import '../../styles/tokens.css';
import { mount } from 'svelte';
import { showFailureOn } from '../../panels/failure.ts';
import Console from './Console.svelte';

// Whatever breaks, the page must not keep showing its last picture.
const showFailure = showFailureOn(document);
window.addEventListener('error', (event) => {
  if (event.error instanceof Error) showFailure(event.error);
});
window.addEventListener('unhandledrejection', (event) => {
  const reason: unknown = event.reason;
  if (reason instanceof Error && reason.name !== 'AbortError') showFailure(reason);
});

const target = document.getElementById('app');
if (target === null) throw new Error('index.html has no element #app');
mount(Console, { target, props: { onfailure: showFailure } });
