/**
 * What is opened, kept in the page's address so that a link can be shared: `#station=katulampa`, `#alarm=…`, or a page
 * by its name (`#log`, `#welcome=<token>`). A page lies over the rest, which stays selected under it.
 */
export class Selection {
  station = $state<string>();
  alarm = $state<string>();
  page = $state.raw<{ readonly name: string; readonly of: string }>();
  #pageNames: readonly string[];

  constructor(pageNames: readonly string[]) {
    this.#pageNames = pageNames;
    this.#read();
  }

  /** Selects a station, or nothing; a selected alarm gives way. */
  select(id: string | undefined) {
    this.station = id;
    this.alarm = undefined;
    this.#write('replaceState');
  }

  selectAlarm(id: string | undefined) {
    this.alarm = id;
    this.station = undefined;
    this.#write('replaceState');
  }

  /** Opens a page: the browser's Back closes it. */
  open(name: string, of = '') {
    this.page = { name, of };
    this.#write('pushState');
  }

  close() {
    this.page = undefined;
    this.#write('pushState');
  }

  /** Follows the address when someone edits it or goes back; returns what ends that. */
  follow(): () => void {
    const onAddress = () => this.#read();
    const changes = ['hashchange', 'popstate'];
    for (const name of changes) window.addEventListener(name, onAddress);
    return () => {
      for (const name of changes) window.removeEventListener(name, onAddress);
    };
  }

  #read() {
    const fields = new URLSearchParams(location.hash.slice(1));
    const name = this.#pageNames.find((candidate) => fields.has(candidate));
    this.page = name === undefined ? undefined : { name, of: fields.get(name) ?? '' };
    this.station = fields.get('station') ?? undefined;
    this.alarm = fields.get('alarm') ?? undefined;
  }

  #write(how: 'replaceState' | 'pushState') {
    const fields = [
      ...(this.page ? [this.page.of ? `${this.page.name}=${encodeURIComponent(this.page.of)}` : this.page.name] : []),
      ...(this.station === undefined ? [] : [`station=${encodeURIComponent(this.station)}`]),
      ...(this.alarm === undefined ? [] : [`alarm=${encodeURIComponent(this.alarm)}`]),
    ];
    const hash = fields.length === 0 ? '' : `#${fields.join('&')}`;
    history[how](null, '', `${location.pathname}${location.search}${hash}`);
  }
}
