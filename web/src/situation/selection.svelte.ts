/** The selected station, kept in the page's address (`#station=katulampa`) so that a link can be shared. */
export class Selection {
  station = $state<string | undefined>(readStation(location.hash));

  select(id: string | undefined) {
    this.station = id;
    const search = id === undefined ? '' : `#station=${encodeURIComponent(id)}`;
    history.replaceState(null, '', `${location.pathname}${location.search}${search}`);
  }

  /** Follows the address when someone edits it; returns what ends that. */
  follow(): () => void {
    const onHash = () => {
      this.station = readStation(location.hash);
    };
    window.addEventListener('hashchange', onHash);
    return () => window.removeEventListener('hashchange', onHash);
  }
}

function readStation(hash: string): string | undefined {
  return new URLSearchParams(hash.slice(1)).get('station') ?? undefined;
}
