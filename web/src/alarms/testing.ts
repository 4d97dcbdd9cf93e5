import type { Alarm, AlarmGroup } from '@siaga/protocol';

/** Plausible alarms for tests, which name only what matters. */
export function alarmOf(id: string, more: Partial<Alarm> = {}): Alarm {
  return {
    id,
    key: `level/${id}`,
    rule: 'level',
    list: 'flood',
    subject: { kind: 'station', id: 'katulampa' },
    station: 'katulampa',
    basin: 'ciliwung',
    group: 'g1',
    priority: 'medium',
    severity: 2,
    headline: 'Katulampa in Siaga II band, 162 cm',
    response: 'Call the gate keeper.',
    evidence: { stageMm: 1620, limitMm: 1510, observedAt: '2014-01-29T16:00:00.000Z' },
    condition: 'active',
    acknowledged: null,
    suppression: null,
    latched: false,
    since: '2014-01-29T16:00:00.000Z',
    knownAt: '2014-01-29T16:00:02.000Z',
    annunciatedAt: '2014-01-29T16:00:02.000Z',
    returnedAt: null,
    closedAt: null,
    drill: null,
    version: 1,
    ...more,
  };
}

export function groupOf(id: string, more: Partial<AlarmGroup> = {}): AlarmGroup {
  return {
    id,
    list: 'flood',
    basin: 'ciliwung',
    headline: 'Ciliwung: Katulampa in Siaga II band',
    priority: 'medium',
    firstOut: 'a1',
    openedAt: '2014-01-29T16:00:02.000Z',
    acknowledged: null,
    annunciation: 1,
    annunciatedAt: '2014-01-29T16:00:02.000Z',
    escalation: 0,
    closedAt: null,
    drill: null,
    version: 1,
    ...more,
  };
}
