/** The alarm room's door: fetched once somebody is signed in. */
export { default as AlarmDetail } from './AlarmDetail.svelte';
export { default as AlarmPanel } from './AlarmPanel.svelte';
export { AlarmDesk } from './desk.svelte.ts';
export { AlarmSound } from './sound.svelte.ts';
