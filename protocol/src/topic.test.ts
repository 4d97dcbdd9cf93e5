import { describe, expect, it } from 'vitest';
import { cloudTopics, deviceTopics, parseTopic, topicOf } from './topic.ts';

describe('topics', () => {
  it('read back as written', () => {
    for (const kind of [...deviceTopics, ...cloudTopics])
      expect(parseTopic(topicOf('katulampa', kind))).toEqual({ ok: true, value: { station: 'katulampa', kind } });
  });

  it.each([
    'flood/v1/katulampa',
    'flood/v2/katulampa/readings',
    'flood/v1/Katulampa/readings',
    'flood/v1/katulampa/readings/more',
    'flood/v1/+/readings',
    'flood/v1/katulampa/#',
    '$SYS/flood/v1/katulampa/readings',
    '',
  ])('refuse %j with a reason', (topic) => {
    const outcome = parseTopic(topic);
    expect(outcome.ok ? '' : outcome.reason).toContain('topic');
  });
});
