import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Notice, Notifier, SendOutcome } from './notifier.ts';
import type { FakeChannel } from './testing/fake.ts';
import { notice } from './testing/notices.ts';

export type ContractTraits = {
  /** What reaches people of a text: all of it, or the gist. */
  readonly carries: 'text' | 'short';
  /** Whether the link goes with it. */
  readonly link: boolean;
  /** Whether the other side can know a repeated message by its key. */
  readonly recognisable: boolean;
  /** The variable that limits a send, where it is a channel's own. */
  readonly limit?: string;
};

/** More than a busy machine needs; and less, where the limit itself is waited for. */
const limitS = 15;
const shortLimitS = 1;

/** What every channel keeps to. `start` starts its fake. */
export function notifierContract(start: () => Promise<FakeChannel>, traits: ContractTraits): void {
  let fake: FakeChannel;
  let notifier: Notifier;
  const gist = (sent: Notice): string => (traits.carries === 'text' ? sent.subject : sent.short);

  const limit = traits.limit ?? 'SIAGA_NOTIFY_TIMEOUT_S';
  const open = (seconds = limitS): Notifier => {
    const opened = fake.kind.open({ ...fake.env, [limit]: String(seconds) });
    if (opened.state !== 'on') throw new Error(`not open: ${JSON.stringify(opened)}`);
    return opened.notifier;
  };
  const quiet = (outcome: SendOutcome): void => {
    const said = JSON.stringify(outcome);
    for (const secret of [...fake.secrets, fake.address, fake.otherAddress]) expect(said).not.toContain(secret);
  };
  const send = async (sent: Notice = notice(), to = fake.address): Promise<SendOutcome> => {
    const outcome = await notifier.send(sent, to);
    quiet(outcome);
    return outcome;
  };

  beforeEach(async () => {
    fake = await start();
    notifier = open();
  });
  afterEach(async () => {
    await notifier.close();
    await fake.close();
  });

  describe('what every channel keeps to', () => {
    test('its name and its settings are those it is listed with', () => {
      expect(notifier.name).toBe(fake.kind.name);
      expect(fake.kind.open({})).toMatchObject({ state: 'off' });
    });

    test('a message is sent once and says what there is to say', async () => {
      const sent = notice();
      expect(await send(sent)).toMatchObject({ state: 'sent' });
      const [arrived, ...more] = fake.arrived();
      expect(more).toEqual([]);
      expect(arrived).toMatchObject({ address: fake.address, drill: false });
      expect(arrived?.text).toContain(gist(sent));
      if (traits.carries === 'text') for (const line of sent.text.split('\n')) expect(arrived?.text).toContain(line);
      if (traits.link) expect(arrived?.text).toContain(sent.link);
      expect(arrived?.text).not.toMatch(/drill/i);
    });

    test('a drill is marked by the channel, whatever its text says', async () => {
      await send(notice({ drill: true }));
      const [arrived] = fake.arrived();
      expect(arrived?.drill).toBe(true);
      expect(arrived?.text).toMatch(/^DRILL: /);
    });

    test('a text that only speaks of a drill is real', async () => {
      await send(notice({ subject: 'Pump drill cancelled', short: 'Pump drill cancelled' }));
      expect(fake.arrived()[0]?.drill).toBe(false);
    });

    test('a message without a link is sent', async () => {
      expect(await send(notice({ link: null }))).toMatchObject({ state: 'sent' });
    });

    test.each([
      ['markup', '<b>Bridge</b> & <script>alert(1)</script> *x* _y_ [z](http://e)'],
      ['letters of other scripts', 'Ciliwung 水位 जल स्तर'],
      ['right to left', 'مستوى المياه מפלס'],
      ['emoji', 'Rising 👩🏽‍🚒🌊'],
    ])('%s arrives as it was written', async (_what, words) => {
      expect(await send(notice({ subject: words, short: words, text: words }))).toMatchObject({ state: 'sent' });
      expect(fake.arrived()[0]?.text).toContain(words);
    });

    test('control characters, overrides and broken halves do no harm', async () => {
      const words = `Bridge\r\nBcc: eve@example.org\u0000\u001b[2J\u202e\ud800 end`;
      expect(await send(notice({ subject: words, short: words, text: words }))).toMatchObject({ state: 'sent' });
      const text = fake.arrived()[0]?.text ?? '';
      expect(fake.arrived()).toHaveLength(1);
      expect(text).toMatch(/Bridge/);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
      expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u202e]/);
    });

    test('a very long text arrives, cut between characters where it must be', async () => {
      const words = '🌊'.repeat(60_000);
      expect(await send(notice({ subject: words, short: words, text: words }))).toMatchObject({ state: 'sent' });
      const text = fake.arrived()[0]?.text ?? '';
      expect(text.isWellFormed()).toBe(true);
      expect(text).toContain('🌊🌊🌊');
      expect(text).not.toContain('\ufffd');
    });

    test('the same key is known again at the other side, another is another; or the channel carries none', async () => {
      await send(notice({ idempotencyKey: 'a/1' }));
      await send(notice({ idempotencyKey: 'a/1' }));
      await send(notice({ idempotencyKey: 'a/2' }));
      const keys = fake.arrived().map(({ key }) => key);
      if (!traits.recognisable) return expect(keys).toEqual([null, null, null]);
      expect(keys[0]).toBeTruthy();
      expect(keys[1]).toBe(keys[0]);
      expect(keys[2]).not.toBe(keys[0]);
    });

    test('many at once arrive once each, at whom they are for', async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 8 }, (_, i) =>
          send(
            notice({ idempotencyKey: `k${i}`, subject: `Number ${i}.`, short: `Number ${i}.` }),
            i % 2 === 0 ? fake.address : fake.otherAddress,
          ),
        ),
      );
      expect(outcomes.map(({ state }) => state)).toEqual(Array(8).fill('sent'));
      const heard = fake.arrived().map(({ address, text }) => `${address} ${/Number \d\./.exec(text)?.[0]}`);
      expect(heard.sort()).toEqual(
        Array.from({ length: 8 }, (_, i) => `${i % 2 === 0 ? fake.address : fake.otherAddress} Number ${i}.`).sort(),
      );
    });

    test('an address that is gone is refused for good', async () => {
      await fake.set('gone');
      expect(await send()).toMatchObject({ state: 'refused', gone: true });
    });

    test.each(['', 'nonsense', 'https://', '\r\nx@example.org', '+', '{}'])(
      'an address that is none (%j) is refused',
      async (address) => {
        const outcome = await notifier.send(notice(), address);
        expect(outcome).toMatchObject({ state: 'refused', gone: false });
        expect(fake.arrived()).toEqual([]);
      },
    );

    test('asked to come back later, it says when', async () => {
      await fake.set('busy');
      expect(await send()).toMatchObject({ state: 'retry', afterS: fake.busyAfterS, maybeSent: false });
    });

    test('a failure at the other side is tried again', async () => {
      await fake.set('error');
      expect(await send()).toMatchObject({ state: 'retry' });
      await fake.set('none');
      expect(await send()).toMatchObject({ state: 'sent' });
      expect(fake.arrived()).toHaveLength(1);
    });

    test('nobody there: certainly not sent; back again: sent', async () => {
      await fake.set('down');
      expect(await send()).toMatchObject({ state: 'retry', maybeSent: false });
      await fake.set('none');
      expect(await send()).toMatchObject({ state: 'sent' });
      expect(fake.arrived()).toHaveLength(1);
    });

    test('lost after it was taken: maybe sent', async () => {
      await fake.set('cut');
      expect(await send()).toMatchObject({ state: 'retry', maybeSent: true });
      expect(fake.arrived()).toHaveLength(1);
    });

    test('no answer: it ends by itself, and cannot tell', async () => {
      await fake.set('hang');
      await notifier.close();
      notifier = open(shortLimitS);
      expect(await send()).toMatchObject({ state: 'retry', maybeSent: true });
      await notifier.close();
      notifier = open();
      await fake.set('none');
      expect(await send(notice({ idempotencyKey: 'next' }))).toMatchObject({ state: 'sent' });
    });

    test('a slow answer is waited for', async () => {
      await fake.set('slow');
      expect(await send()).toMatchObject({ state: 'sent' });
    });

    test('closing ends what is under way, and leaves no connection', async () => {
      await notifier.close();
      notifier = open(60);
      await fake.set('hang');
      const sending = send();
      await expect.poll(fake.connections).toBeGreaterThan(0);
      await notifier.close();
      expect(await sending).toMatchObject({ state: 'retry' });
      await expect.poll(fake.connections).toBe(0);
    });
  });
}
