import type { PMTiles } from 'pmtiles';
import type { MakeLayer } from '../layer.ts';
import { L } from '../leaflet.ts';

/** The deployment's own basemap, if it has one: a raster template, or a PMTiles archive of raster tiles. */
export const tiles: MakeLayer = ({ map, tiles: source, attribute }) => {
  if (source === null) return { paint() {}, destroy() {} };
  const pane = map.createPane('tiles');
  pane.style.zIndex = '200';
  attribute(source.attribution);
  let gone = false;
  if (new URL(source.url, location.href).pathname.endsWith('.pmtiles')) {
    // Loaded only where it is used. Without it, or without the archive, the coastline below stays.
    import('pmtiles').then(
      (pmtiles) => {
        if (!gone) archiveLayer(new pmtiles.PMTiles(source.url)).addTo(map);
      },
      () => {},
    );
  } else {
    L.tileLayer(source.url, { pane: 'tiles' }).addTo(map);
  }
  return {
    paint() {},
    destroy() {
      gone = true;
    },
  };
};

/** Our own, since the package's layer wants a global `L` and leaves failed tiles as unhandled rejections. */
function archiveLayer(archive: PMTiles): L.GridLayer {
  const ArchiveLayer = L.GridLayer.extend({
    createTile(coords: L.Coords, done: L.DoneCallback): HTMLElement {
      const image = document.createElement('img');
      image.alt = '';
      archive.getZxy(coords.z, coords.x, coords.y).then(
        (tile) => {
          if (tile === undefined) return done(undefined, image);
          const url = URL.createObjectURL(new Blob([tile.data]));
          image.onload = image.onerror = () => URL.revokeObjectURL(url);
          image.src = url;
          done(undefined, image);
        },
        (error: unknown) => done(error instanceof Error ? error : new Error(String(error)), image),
      );
      return image;
    },
  });
  const layer = new ArchiveLayer() as L.GridLayer;
  layer.options.pane = 'tiles';
  return layer;
}
