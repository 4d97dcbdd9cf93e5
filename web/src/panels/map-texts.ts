import type { Reach, StationPicture } from '@siaga/protocol';
import { doubts, freshnessText, levelText, spokenText } from '../format/station-text.ts';
import { words } from '../format/words.ts';
import type { Course, Mark } from '../map/layer.ts';
import { isSilent, type StationView } from '../situation/view.ts';

/** A station as the map paints it. */
export function markOf(view: StationView, calling: boolean): Mark {
  const level = view.stageMm === null ? words.noValue : `${levelText(view)} ${words.cm}`;
  const arrow = view.trend === null || isSilent(view) ? '' : ` ${words.arrows[view.trend]}`;
  const age = view.presence === 'live' ? [] : [freshnessText(view)];
  return {
    id: view.id,
    lat: view.lat,
    lon: view.lon,
    severity: view.severity,
    presence: view.presence,
    silent: isSilent(view),
    calling,
    name: view.name,
    value: `${level}${arrow}`,
    detail: [...(view.bandLabel === null ? [] : [view.bandLabel]), ...age, ...doubts(view)].join(' · '),
    spoken: words.map.mark(view.name, calling ? `${words.map.calling}, ${spokenText(view)}` : spokenText(view)),
  };
}

/** The catalogue's reaches as courses on the map; one without its stations is left out. */
export function coursesOf(reaches: readonly Reach[], stations: ReadonlyMap<string, StationPicture>): Course[] {
  return reaches.flatMap((reach) => {
    const from = stations.get(reach.from)?.info;
    const to = stations.get(reach.to)?.info;
    if (from === undefined || to === undefined) return [];
    return [
      {
        id: reach.id,
        points: [[from.lat, from.lon], ...reach.via, [to.lat, to.lon]],
        title: words.map.reach(reach.river, from.name, to.name),
        note: travelText(reach),
      },
    ];
  });
}

export function travelText({ travelHours }: Reach): string {
  return words.map.travel(travelHours.min, travelHours.max);
}
