/**
 * Clips the land polygons of Natural Earth (1:10m, public domain) to the frame of the demonstration and writes
 * `src/map/basemap/coastline.geojson`. Not part of the build: run it by hand when the frame changes.
 *
 *   mkdir /tmp/atlas && npm install --prefix /tmp/atlas world-atlas@2.0.2
 *   node web/scripts/clip-coastline.ts /tmp/atlas/node_modules/world-atlas/land-10m.json
 */
import { readFileSync, writeFileSync } from 'node:fs';

type Point = [lon: number, lat: number];
type Topology = {
  transform: { scale: Point; translate: Point };
  arcs: Point[][];
  objects: { land: { geometries: { type: string; arcs: number[][][] }[] } };
};

/** Western Java with its seas: wider than the demonstration, so that the cut's edges are not seen as coasts. */
const frame = { west: 104.5, south: -8.5, east: 109.5, north: -4.5 } as const;
const maxBytes = 40 * 1024;

const input = process.argv[2];
if (input === undefined) {
  process.stderr.write('usage: clip-coastline.ts PATH/world-atlas/land-10m.json\n');
  process.exit(2);
}
const text = toGeoJson(clippedRings(JSON.parse(readFileSync(input, 'utf8')) as Topology));
if (text.length > maxBytes) throw new Error(`${text.length} bytes are more than the ${maxBytes} allowed`);
writeFileSync(new URL('../src/map/basemap/coastline.geojson', import.meta.url), text);

function clippedRings(topology: Topology): Point[][] {
  const arcs = topology.arcs.map((arc) => decodeArc(arc, topology.transform));
  const rings = topology.objects.land.geometries.flatMap(({ arcs: polygons }) =>
    polygons.flatMap((polygon) => polygon.slice(0, 1).map((ring) => joinArcs(ring, arcs))),
  );
  return rings.map(clipToFrame).filter((ring) => ring.length >= 3);
}

/** TopoJSON keeps arcs as quantized differences (specification, section 2.1.2). */
function decodeArc(arc: readonly Point[], { scale, translate }: Topology['transform']): Point[] {
  let x = 0;
  let y = 0;
  return arc.map(([dx, dy]) => {
    x += dx;
    y += dy;
    return [x * scale[0] + translate[0], y * scale[1] + translate[1]];
  });
}

/** A negative index means the arc of `~index`, backwards; neighbours share their end points. */
function joinArcs(ring: readonly number[], arcs: readonly Point[][]): Point[] {
  return ring.flatMap((index, position) => {
    const arc = index < 0 ? [...(arcs[~index] ?? [])].reverse() : (arcs[index] ?? []);
    return position === 0 ? arc : arc.slice(1);
  });
}

/** Sutherland–Hodgman, one side of the frame after the other. */
function clipToFrame(ring: Point[]): Point[] {
  const sides: [(point: Point) => boolean, (from: Point, to: Point) => Point][] = [
    [([lon]) => lon >= frame.west, (from, to) => atLon(from, to, frame.west)],
    [([lon]) => lon <= frame.east, (from, to) => atLon(from, to, frame.east)],
    [([, lat]) => lat >= frame.south, (from, to) => atLat(from, to, frame.south)],
    [([, lat]) => lat <= frame.north, (from, to) => atLat(from, to, frame.north)],
  ];
  return sides.reduce((points, [inside, crossing]) => {
    return points.flatMap((point, index) => {
      const before = points.at(index - 1) as Point;
      if (inside(point)) return inside(before) ? [point] : [crossing(before, point), point];
      return inside(before) ? [crossing(before, point)] : [];
    });
  }, ring);
}

function atLon(from: Point, to: Point, lon: number): Point {
  return [lon, from[1] + ((to[1] - from[1]) * (lon - from[0])) / (to[0] - from[0])];
}

function atLat(from: Point, to: Point, lat: number): Point {
  return [from[0] + ((to[0] - from[0]) * (lat - from[1])) / (to[1] - from[1]), lat];
}

/** Four decimals are 11 m, well below the data's own accuracy. */
function toGeoJson(rings: readonly Point[][]): string {
  const round = (value: number) => Math.round(value * 1e4) / 1e4;
  const closed = rings.map((ring) => [...ring, ring[0] as Point].map(([lon, lat]) => [round(lon), round(lat)]));
  const geometry = { type: 'MultiPolygon', coordinates: closed.map((ring) => [ring]) };
  return `${JSON.stringify({ type: 'Feature', properties: {}, geometry })}\n`;
}
