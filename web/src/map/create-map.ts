import { words } from '../format/words.ts';
import type { MakeLayer, MapFrame } from './layer.ts';
import { coastline } from './layers/coastline.ts';
import { reaches } from './layers/reaches.ts';
import { stations } from './layers/stations.ts';
import { tiles } from './layers/tiles.ts';
import { L } from './leaflet.ts';

/** From the ground up. Another layer is a file in `layers/` and its line here. */
const layers: readonly MakeLayer[] = [coastline, tiles, reaches, stations];

export type MapOptions = {
  /** South, west, north, east. */
  readonly bounds: readonly number[];
  readonly tiles: { readonly url: string; readonly attribution: string } | null;
  readonly select: (id: string) => void;
};

export type MapHandle = {
  paint(frame: MapFrame): void;
  fit(): void;
  /** Brings a place into view, without moving when it is there already. */
  show(lat: number, lon: number): void;
  destroy(): void;
};

/** Room around the outermost stations for their labels, in pixels. */
const margins: L.FitBoundsOptions = { paddingTopLeft: [60, 34], paddingBottomRight: [60, 50], maxZoom: 13 };

/** Makes the one map of the page's life. */
export function createMap(element: HTMLElement, options: MapOptions): MapHandle {
  const [south = -90, west = -180, north = 90, east = 180] = options.bounds;
  const bounds = L.latLngBounds([south, west], [north, east]);
  const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  const map = L.map(element, {
    zoomControl: false,
    attributionControl: false,
    zoomSnap: 0.25,
    zoomDelta: 0.5,
    minZoom: 7,
    maxZoom: 18,
    maxBounds: bounds.pad(0.6),
    zoomAnimation: !calm,
    fadeAnimation: !calm,
    markerZoomAnimation: !calm,
    inertia: !calm,
  });
  let whole = bounds;
  const fit = (animate: boolean) => map.fitBounds(whole, { animate, ...margins });
  fit(false);
  L.control.zoom({ zoomInTitle: words.map.zoomIn, zoomOutTitle: words.map.zoomOut }).addTo(map);
  L.control.scale({ imperial: false, position: 'bottomleft' }).addTo(map);
  const credit = L.control.attribution({ prefix: false }).addTo(map);
  const context = {
    map,
    tiles: options.tiles,
    select: options.select,
    attribute: (text: string) => credit.addAttribution(escapeMarkup(text)),
  };
  context.attribute(words.map.coastline);
  const made = layers.map((make) => make(context));

  // Follows its box; and until someone moves the map, keeps the whole deployment in view.
  let moved = false;
  map.on('dragstart', () => {
    moved = true;
  });
  element.addEventListener('wheel', () => {
    moved = true;
  });
  const watcher = new ResizeObserver(() => {
    map.invalidateSize({ animate: false, pan: false });
    if (!moved) fit(false);
  });
  watcher.observe(element);

  return {
    paint: (frame) => {
      const places = L.latLngBounds(frame.marks.map(({ lat, lon }) => [lat, lon]));
      if (places.isValid() && !places.equals(whole)) {
        whole = places;
        if (!moved) fit(false);
      }
      for (const layer of made) layer.paint(frame);
    },
    fit: () => {
      moved = false;
      fit(!calm);
    },
    show: (lat, lon) => {
      if (!map.getBounds().pad(-0.05).contains([lat, lon])) map.panTo([lat, lon], { animate: !calm });
    },
    destroy: () => {
      watcher.disconnect();
      for (const layer of made) layer.destroy();
      map.remove();
    },
  };
}

/** Leaflet takes attributions as markup; ours come from the deployment's settings as text. */
function escapeMarkup(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
