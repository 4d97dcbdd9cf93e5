import { StationPicture } from '@siaga/protocol';
import { Type } from 'typebox';
import type { Queries } from '../queries.ts';
import type { App } from './types.ts';

const Properties = Type.Object({
  id: Type.String(),
  name: Type.String(),
  kind: Type.String(),
  basin: Type.String(),
  stageMm: Type.Union([Type.Integer(), Type.Null()], { description: "Above the station's zero; provisional" }),
  observedAt: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
  ageS: Type.Union([Type.Integer(), Type.Null()], { description: 'Since the newest reading was observed' }),
  severity: StationPicture.properties.level.properties.severity,
  band: Type.Union([Type.String(), Type.Null()], { description: 'In whose band the stage is: sensor, provisional' }),
  official: StationPicture.properties.official,
  trend: Type.Union([Type.String(), Type.Null()]),
  quality: StationPicture.properties.level.properties.quality,
  state: StationPicture.properties.level.properties.presence,
  note: StationPicture.properties.level.properties.note,
  maintenance: Type.Boolean(),
});

const Collection = Type.Object({
  type: Type.Literal('FeatureCollection'),
  features: Type.Array(
    Type.Object({
      type: Type.Literal('Feature'),
      id: Type.String(),
      geometry: Type.Object({
        type: Type.Literal('Point'),
        coordinates: Type.Array(Type.Number(), { minItems: 2, maxItems: 2, description: 'Longitude, latitude' }),
      }),
      properties: Properties,
    }),
  ),
});

/** `GET /stations`: where every station is and how it stands, as GeoJSON. */
export function stationsRoute(app: App, { snapshot, nowMs }: Pick<Queries, 'snapshot' | 'nowMs'>): void {
  app.get(
    '/stations',
    {
      config: { access: 'public' },
      schema: {
        operationId: 'listStations',
        summary: 'All stations with their present state, as GeoJSON',
        tags: ['stations'],
        response: { 200: { description: 'A FeatureCollection', ...Collection } },
      },
    },
    async (request, reply) => {
      const now = nowMs();
      reply.type('application/geo+json').header('cache-control', 'no-cache');
      return {
        type: 'FeatureCollection' as const,
        features: (await snapshot(request.caller)).stations.map((station) => featureOf(station, now)),
      };
    },
  );
}

function featureOf({ info, level, value, official }: StationPicture, nowMs: number) {
  const ageMs = value === null ? null : nowMs - Date.parse(value.observedAt);
  return {
    type: 'Feature' as const,
    id: info.id,
    geometry: { type: 'Point' as const, coordinates: [info.lon, info.lat] },
    properties: {
      id: info.id,
      name: info.name,
      kind: info.kind,
      basin: info.basin,
      stageMm: value?.stageMm ?? null,
      observedAt: value?.observedAt ?? null,
      ageS: ageMs === null ? null : Math.max(0, Math.round(ageMs / 1000)),
      severity: level.severity,
      band: level.bandLabel,
      official,
      trend: value?.trend ?? null,
      quality: level.quality,
      state: level.presence,
      note: level.note,
      maintenance: level.maintenance,
    },
  };
}
