const key = 'siaga.shortcuts';

/** Whether letters are shortcuts (WCAG 2.1.4: they can be switched off); remembered by this browser. */
class Shortcuts {
  on = $state(localStorage.getItem(key) !== 'off');

  set(on: boolean) {
    this.on = on;
    localStorage.setItem(key, on ? 'on' : 'off');
  }
}

export const shortcuts = new Shortcuts();
