import type { Course, MakeLayer } from '../layer.ts';
import { L } from '../leaflet.ts';

/** Schematic river courses with an arrow downstream; name and travel time on hover and touch. */
export const reaches: MakeLayer = ({ map }) => {
  const pane = map.createPane('reaches');
  pane.style.zIndex = '350';
  const group = L.layerGroup().addTo(map);
  let painted: readonly Course[] = [];
  let arrows: { marker: L.Marker; course: Course }[] = [];

  function turnArrows() {
    for (const { marker, course } of arrows) {
      const { place, turn } = middleOf(course.points.map(([lat, lon]) => map.latLngToLayerPoint([lat, lon])));
      marker.setLatLng(map.layerPointToLatLng(place));
      marker.getElement()?.querySelector('svg')?.setAttribute('transform', `rotate(${turn})`);
    }
  }

  function repaint(courses: readonly Course[]) {
    group.clearLayers();
    arrows = courses.map((course) => {
      const points = course.points.map(([lat, lon]) => L.latLng(lat, lon));
      L.polyline(points, { pane: 'reaches', className: 'reach', interactive: false, smoothFactor: 0 }).addTo(group);
      // A wide invisible line takes the pointer, so that a thin river is easy to hit.
      L.polyline(points, { pane: 'reaches', className: 'reach-touch', smoothFactor: 0 })
        .bindTooltip(tooltipOf(course), { sticky: true, className: 'map-tip' })
        .addTo(group);
      const marker = L.marker(points[0] ?? [0, 0], {
        pane: 'reaches',
        interactive: false,
        keyboard: false,
        icon: L.divIcon({ className: 'reach-arrow', html: arrowElement(), iconSize: [14, 14] }),
      }).addTo(group);
      return { marker, course };
    });
    turnArrows();
  }

  map.on('zoomend viewreset', turnArrows);
  return {
    paint({ courses }) {
      if (courses === painted) return;
      painted = courses;
      repaint(courses);
    },
    destroy: () => map.off('zoomend viewreset', turnArrows),
  };
};

/** The middle of a line on the screen by length, and its direction there in degrees, 0 to the right. */
function middleOf(points: readonly L.Point[]): { place: L.Point; turn: number } {
  const lengths = points.slice(1).map((point, index) => point.distanceTo(points[index] as L.Point));
  let left = lengths.reduce((sum, length) => sum + length, 0) / 2;
  for (const [index, length] of lengths.entries()) {
    if (left > length) {
      left -= length;
      continue;
    }
    const from = points[index] as L.Point;
    const step = (points[index + 1] as L.Point).subtract(from);
    const turn = (Math.atan2(step.y, step.x) * 180) / Math.PI;
    return { place: from.add(step.multiplyBy(length === 0 ? 0 : left / length)), turn };
  }
  return { place: points[0] ?? L.point(0, 0), turn: 0 };
}

function tooltipOf(course: Course): HTMLElement {
  const element = document.createElement('div');
  const title = document.createElement('strong');
  title.textContent = course.title;
  const note = document.createElement('div');
  note.textContent = course.note;
  element.append(title, note);
  return element;
}

const svgNamespace = 'http://www.w3.org/2000/svg';

function arrowElement(): HTMLElement {
  const box = document.createElement('div');
  const svg = document.createElementNS(svgNamespace, 'svg');
  svg.setAttribute('viewBox', '-7 -7 14 14');
  const group = document.createElementNS(svgNamespace, 'path');
  group.setAttribute('d', 'M-4.5 -5L5.5 0L-4.5 5L-2 0z');
  svg.append(group);
  box.append(svg);
  return box;
}
