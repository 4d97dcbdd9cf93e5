import land from '../basemap/coastline.geojson?raw';
import type { MakeLayer } from '../layer.ts';
import { L } from '../leaflet.ts';

/** Land against water, from within the page itself: the map is never blank, whatever the internet does. */
export const coastline: MakeLayer = ({ map }) => {
  const pane = map.createPane('coastline');
  pane.style.zIndex = '150';
  L.geoJSON(JSON.parse(land), {
    interactive: false,
    pane: 'coastline',
    style: { className: 'coastline', weight: 1.5 },
  }).addTo(map);
  return {
    paint() {},
    destroy() {},
  };
};
