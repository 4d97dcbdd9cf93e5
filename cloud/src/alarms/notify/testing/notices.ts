/** Plausible notices for tests: name only what matters. */
import type { Notice } from '../notifier.ts';

export function notice(changes: Partial<Notice> = {}): Notice {
  return {
    idempotencyKey: 'group-17/3/ana/first',
    kind: 'alarm',
    priority: 'high',
    drill: false,
    deployment: 'Siaga Jakarta',
    subject: 'Katulampa: Siaga II band reached',
    text: 'Stage 152 cm at 02:10 WIB, rising 12 cm in 10 minutes.\nTravel time to Depok: 3 to 5 hours.',
    short: 'Katulampa Siaga II: 152 cm 02:10 WIB, rising',
    link: 'https://flood.example.org/alarms/group-17',
    atMs: Date.parse('2026-01-12T19:10:00Z'),
    data: { group: 'group-17', stageMm: 1520 },
    ...changes,
  };
}
