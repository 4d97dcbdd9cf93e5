const focusable = 'input:not([type="hidden"], [tabindex="-1"]), select, textarea, button, a[href]';

/** Sets the focus where someone goes on: on what is marked `data-first`, else on the first field or button. */
export function focusFirst(place: HTMLElement): void {
  const first = place.querySelector<HTMLElement>('[data-first]') ?? place.querySelector<HTMLElement>(focusable);
  first?.focus();
}
