import { shapeOutline } from '../../components/shapes.ts';
import type { MakeLayer, Mark } from '../layer.ts';
import { L } from '../leaflet.ts';
import { placeLabels } from '../place-labels.ts';

/**
 * The stations as DOM marks: right up to about 200 of them (above that, a canvas layer belongs in this file, behind
 * the same two methods). A mark is made once and then changed in place.
 */
export const stations: MakeLayer = ({ map, select }) => {
  const shown = new Map<string, Shown>();

  function arrange() {
    const all = [...shown.values()];
    const wanted = all.map(({ mark, marker, size, selected }) => {
      const { x, y } = map.latLngToContainerPoint(marker.getLatLng());
      const radius = radiusOf(mark) + (mark.calling ? ringPx : 0);
      return { x, y, radius, ...size, priority: (mark.severity ?? -1) + (selected ? 10 : 0) };
    });
    const { x: width, y: height } = map.getSize();
    const places = placeLabels(wanted, { width, height }, firstSeverityAlwaysShown, controls(width, height));
    for (const [index, { parts }] of all.entries()) {
      const place = places[index];
      parts.label.hidden = place === undefined;
      if (place === undefined) continue;
      parts.label.style.transform = `translate(${Math.round(place.dx)}px, ${Math.round(place.dy)}px)`;
      const radius = wanted[index]?.radius ?? 0;
      drawLeader(parts.leader, place, wanted[index] ?? { width: 0, height: 0 }, radius);
    }
  }

  map.on('zoomend viewreset resize', arrange);
  return {
    paint({ marks, selected }) {
      let moved = false;
      const gone = new Set(shown.keys());
      for (const mark of marks) {
        gone.delete(mark.id);
        const isSelected = mark.id === selected;
        const known = shown.get(mark.id);
        if (known && sameMark(known.mark, mark) && known.selected === isSelected) continue;
        const entry = known ?? add(map, mark, select);
        shown.set(mark.id, entry);
        moved = update(entry, mark, isSelected) || known === undefined || moved;
      }
      for (const id of gone) {
        shown.get(id)?.marker.remove();
        shown.delete(id);
        moved = true;
      }
      if (moved) arrange();
    },
    destroy: () => map.off('zoomend viewreset resize', arrange),
  };
};

/** Where the map's own controls lie: buttons at the upper left, scale and attribution along the bottom. */
function controls(width: number, height: number) {
  return [
    { left: 0, top: 0, right: 54, bottom: 128 },
    { left: 0, top: height - 24, right: width, bottom: height },
  ];
}

/** A label from this severity on is shown even where there is no room: a warning is never hidden. */
const firstSeverityAlwaysShown = 2;

/** How far the ring of a waiting alarm reaches beyond the shape. */
const ringPx = 8;

type Parts = {
  readonly root: HTMLElement;
  readonly shape: SVGSVGElement;
  readonly body: SVGPathElement;
  readonly leader: HTMLElement;
  readonly label: HTMLElement;
  readonly name: HTMLElement;
  readonly value: HTMLElement;
  readonly detail: HTMLElement;
};
type Shown = {
  mark: Mark;
  selected: boolean;
  size: { width: number; height: number };
  readonly marker: L.Marker;
  readonly parts: Parts;
};

function radiusOf({ severity }: Pick<Mark, 'severity'>): number {
  return [9, 11, 13, 16][severity ?? 0] ?? 9;
}

function sameMark(a: Mark, b: Mark): boolean {
  return (Object.keys(b) as (keyof Mark)[]).every((key) => a[key] === b[key]);
}

function add(map: L.Map, mark: Mark, select: (id: string) => void): Shown {
  const parts = makeParts();
  const marker = L.marker([mark.lat, mark.lon], {
    icon: L.divIcon({ className: 'mark', html: parts.root, iconSize: [32, 32] }),
    // For pointers: by keyboard and for assistive technology the table is the map's twin, and marks may lie closer
    // together than targets should.
    keyboard: false,
    riseOnHover: true,
  }).addTo(map);
  marker.on('click', () => select(mark.id));
  const element = marker.getElement();
  if (element) {
    element.setAttribute('role', 'img');
    element.dataset.testid = 'station-mark';
    element.dataset.station = mark.id;
  }
  return { mark, selected: false, size: { width: 0, height: 0 }, marker, parts };
}

/** Paints one mark; true when its label or place may now have another size. */
function update(entry: Shown, mark: Mark, selected: boolean): boolean {
  const { parts, marker } = entry;
  const changedPlace = entry.mark.lat !== mark.lat || entry.mark.lon !== mark.lon;
  if (changedPlace) marker.setLatLng([mark.lat, mark.lon]);
  const element = marker.getElement();
  if (element) {
    element.dataset.severity = String(mark.severity ?? 'none');
    element.dataset.presence = mark.presence;
    element.classList.toggle('selected', selected);
    element.classList.toggle('calling', mark.calling);
    element.setAttribute('aria-label', mark.spoken);
  }
  const diameter = String(2 * radiusOf(mark));
  parts.shape.dataset.severity = String(mark.severity ?? 'none');
  parts.shape.setAttribute('width', diameter);
  parts.shape.setAttribute('height', diameter);
  parts.body.setAttribute('d', shapeOutline(mark.severity));
  parts.body.classList.toggle('silent', mark.silent);
  parts.label.classList.toggle('silent', mark.silent);
  parts.label.dataset.severity = String(mark.severity ?? 'none');
  parts.name.textContent = mark.name;
  parts.value.textContent = mark.value;
  parts.detail.textContent = mark.detail;
  marker.setZIndexOffset((selected ? 10_000 : 0) + ((mark.severity ?? -1) + 1) * 1000);
  const size = { width: parts.label.offsetWidth, height: parts.label.offsetHeight };
  const resized = size.width !== entry.size.width || size.height !== entry.size.height;
  const reordered =
    entry.mark.severity !== mark.severity || entry.mark.calling !== mark.calling || entry.selected !== selected;
  // A hidden label measures 0: it keeps its old size until it is shown again.
  if (size.width > 0) entry.size = size;
  entry.mark = mark;
  entry.selected = selected;
  return changedPlace || resized || reordered;
}

const svgNamespace = 'http://www.w3.org/2000/svg';

function makeParts(): Parts {
  const make = (className: string) => {
    const element = document.createElement('span');
    element.className = className;
    return element;
  };
  const root = make('mark-root');
  const shape = document.createElementNS(svgNamespace, 'svg');
  shape.setAttribute('viewBox', '0 0 24 24');
  shape.setAttribute('class', 'shape');
  const body = document.createElementNS(svgNamespace, 'path');
  body.setAttribute('class', 'shape-body');
  shape.append(body);
  const leader = make('mark-leader');
  const label = make('mark-label');
  const name = make('mark-name');
  const value = make('mark-value');
  const detail = make('mark-detail');
  label.append(name, value, detail);
  root.append(leader, shape, label);
  return { root, shape, body, leader, label, name, value, detail };
}

/** A thin line from mark to label when they are apart. */
function drawLeader(
  leader: HTMLElement,
  place: { dx: number; dy: number },
  size: { width: number; height: number },
  radius: number,
) {
  const endX = Math.min(Math.max(0, place.dx), place.dx + size.width);
  const endY = Math.min(Math.max(0, place.dy), place.dy + size.height);
  const length = Math.hypot(endX, endY);
  leader.hidden = length < radius + 8;
  leader.style.width = `${length}px`;
  leader.style.transform = `rotate(${Math.atan2(endY, endX)}rad)`;
}
