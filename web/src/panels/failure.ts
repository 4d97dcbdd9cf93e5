import { words } from '../format/words.ts';

const reloadAfterMs = 15_000;

/**
 * Makes the last resort: covers the page with NOT LIVE and reloads it after a while. Plain DOM, since what paints the
 * page may be what has failed.
 */
export function showFailureOn(page: Document): (error: unknown) => void {
  let shown = false;
  return (error) => {
    if (shown) return;
    shown = true;
    console.error(error);
    const cover = page.createElement('div');
    cover.className = 'failure';
    cover.setAttribute('role', 'alert');
    cover.dataset.testid = 'not-live';
    const title = page.createElement('strong');
    title.textContent = words.live.notLive;
    const text = page.createElement('p');
    text.textContent = words.live.fatal;
    const button = page.createElement('button');
    button.type = 'button';
    button.textContent = words.live.reload;
    button.addEventListener('click', () => page.location.reload());
    cover.append(title, text, button);
    page.getElementById('app')?.remove();
    page.body.append(cover);
    setTimeout(() => page.location.reload(), reloadAfterMs * (1 + Math.random()));
  };
}
